// What the change streams of both roles are told.
#pragma once

#include <string_view>

#include "edge_runtime/http/stream_hub.h"
#include "edge_runtime/pipeline/pipeline.h"

namespace doppel {

// At an edge: every twin that the last batch changed. Thread: the lane's, after a batch.
void publish_changes(const Pipeline& pipeline, StreamHub& hub);

// At a coordinator: the row of a twin that an edge sent up in place of another. Rows are the twin's JSON as it was stored there, ""
// where there is none; one that is no JSON has no properties. Thread: the lane's.
void publish_row(std::string_view edge, std::string_view twin, std::string_view before, std::string_view after, StreamHub& hub);

}  // namespace doppel

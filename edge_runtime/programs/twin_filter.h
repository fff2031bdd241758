// Which twins a list asks for.
#pragma once

#include "edge_runtime/http/api.h"
#include "edge_runtime/pipeline/names.h"
#include "edge_runtime/pipeline/twin.h"
#include "edge_runtime/pipeline/twin_json.h"

namespace doppel {

// True when the twin fits everything that the query names. Thread: the lane's.
bool fits(const Twin& twin, const NameTable& names, const TwinQuery& query, Timestamp now, const Freshness& freshness);

}  // namespace doppel

// A twin as JSON: `{"id", "model", "rev", "events", "status", "last_seen", "labels", "geo", "properties": {name: {"v", "ts", "rev",
// "fresh", "desired", "pending_since"}}}`.
#pragma once

#include <string>

#include "edge_runtime/pipeline/names.h"
#include "edge_runtime/pipeline/twin.h"
#include "twin_store/model/freshness.h"

namespace doppel {

enum class TwinDetail { full, values };  // values: {"id", "properties": {name: value}}

// For a reader: with status and freshness as of `now`.
void append_twin_json(const Twin& twin, const NameTable& names, Timestamp now, const Freshness& freshness, TwinDetail detail, std::string& out);
// For the fold: without anything that depends on when it is read.
void append_stored_twin_json(const Twin& twin, const NameTable& names, std::string& out);

// As of status_of().
std::string_view twin_status(const Twin& twin, Timestamp now, const Freshness& freshness);

}  // namespace doppel

// Which twins a list asks for.
#pragma once

#include <string>

#include "edge_runtime/http/api.h"
#include "edge_runtime/pipeline/names.h"
#include "edge_runtime/pipeline/twin.h"
#include "edge_runtime/pipeline/twin_json.h"

namespace doppel {

// What a coordinator answers: a page of twins as JSON, without those that do not fit. It may be shorter than its limit, and not the
// last.
std::string as_asked(const std::string& page, const TwinQuery& query);
std::string in_format(const std::string& twin, TwinFormat format);

// True when the twin fits everything that the query names. Thread: the lane's.
bool fits(const Twin& twin, const NameTable& names, const TwinQuery& query, Timestamp now, const Freshness& freshness);

}  // namespace doppel

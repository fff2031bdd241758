// A window row of this edge as JSON, with the members of the coordinator's.
#pragma once

#include <cstdint>
#include <string>

#include "twin_store/model/aggregate.h"
#include "twin_store/model/window.h"

namespace doppel {

// Exactly one of the two pointers is set.
void append_window_row_json(const std::string& edge, const WindowKey& key, const Aggregate* aggregate, const WindowPopulation* population,
                            std::string& out);

}  // namespace doppel

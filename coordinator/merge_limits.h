// What a coordinator's fold may keep. The limits decide what the fold does, so they come to it as a configuration record.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "coordinator/latest_table.h"
#include "coordinator/window_table.h"
#include "twin_store/model/result.h"

namespace doppel {

struct MergeLimits {
  std::size_t max_edges = 1'000;
  WindowLimits windows;
  LatestLimits latest;
  bool operator==(const MergeLimits&) const = default;
};

// The payload of a configuration record: a JSON object, every limit by its name.
std::string to_json(const MergeLimits& limits);
// Members that are absent have their defaults. Errors: corrupt_data.
Result<MergeLimits> parse_merge_limits(std::string_view json);

}  // namespace doppel

#include "coordinator/merge_limits.h"

#include <nlohmann/json.hpp>

namespace doppel {
namespace {

using Json = nlohmann::ordered_json;

// Calls `limit(name, number)` for each, a duration as its nanoseconds.
template <class Limits, class Visit>
void for_each_limit(Limits& limits, const Visit& visit) {
  visit("max_edges", limits.max_edges);
  visit("keep_parts_ns", limits.windows.keep_parts);
  visit("keep_frozen_ns", limits.windows.keep_frozen);
  visit("window_rows_per_edge", limits.windows.rows_per_edge);
  visit("window_bytes", limits.windows.bytes);
  visit("latest_rows_per_edge", limits.latest.rows_per_edge);
  visit("latest_bytes", limits.latest.bytes);
  visit("keep_removed_ns", limits.latest.keep_removed);
}

std::uint64_t number_of(std::size_t count) { return count; }
std::uint64_t number_of(Duration duration) { return static_cast<std::uint64_t>(duration.count()); }
void assign(std::size_t& count, std::uint64_t number) { count = number; }
void assign(Duration& duration, std::uint64_t number) { duration = Duration(static_cast<std::int64_t>(number)); }

}  // namespace

std::string to_json(const MergeLimits& limits) {
  Json json;
  for_each_limit(limits, [&](const char* name, const auto& limit) { json[name] = number_of(limit); });
  return json.dump();
}

Result<MergeLimits> parse_merge_limits(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return corrupt_data("the limits of the merge are no JSON object");
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;  // so that no sum of a limit and a time overflows
  MergeLimits limits;
  std::string wrong;
  for_each_limit(limits, [&](const char* name, auto& limit) {
    const auto at = json.find(name);
    if (at == json.end()) return;
    if (at->is_number_unsigned() && at->template get<std::uint64_t>() <= kMost) return assign(limit, at->template get<std::uint64_t>());
    wrong = name;
  });
  if (wrong.empty()) return limits;
  return corrupt_data("the limit " + wrong + " of the merge is no whole number from 0 to 2^62");
}

}  // namespace doppel

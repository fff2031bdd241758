// What the fleet is to run: functions, and which edges each is for. Desired state, never a queue: the newest wins.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/uplink/messages.h"
#include "coordinator/row_set.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

// Which edges: all of them, those of a region, or those that are named.
struct EdgeSelector {
  enum class Kind : std::uint8_t { all = 0, region = 1, names = 2 };
  Kind kind = Kind::all;
  std::vector<std::string> names;  // one region, or the edges, sorted

  bool selects(const EdgeId& edge, std::string_view region) const;
  bool operator==(const EdgeSelector&) const = default;
};
// "" and "*": all; "region:NAME"; "NAME,NAME". Errors: invalid_input, which quotes the part that is wrong.
Result<EdgeSelector> parse_selector(std::string_view text);
std::string to_string(const EdgeSelector& selector);
// What is left of `selector` without `taken`; nothing when all of it is. Errors: conflict (no selector says what would be left).
Result<std::optional<EdgeSelector>> without(const EdgeSelector& selector, const EdgeSelector& taken);

struct FleetFunction {
  uplink::DesiredFunction function;
  EdgeSelector edges;
  Position since = Position::none;  // of the record that asked for it
  bool operator==(const FleetFunction&) const = default;
};

// The payload of a desired record with the topic kDesiredFunctionTopic.
inline constexpr std::string_view kDesiredFunctionTopic = "function";
struct DesiredChange {
  bool removed = false;  // then only the name counts
  uplink::DesiredFunction function;
  EdgeSelector edges;
};
std::string encode(const DesiredChange& change);
// Errors: corrupt_data.
Result<DesiredChange> decode_desired_change(std::string_view bytes);

// A value of table DesiredState::kTable, unless its key is kGenerationKey.
inline constexpr std::string_view kGenerationKey = ".";  // no function has this name
std::optional<FleetFunction> decode_fleet_function(std::string_view value);

class DesiredState {
 public:
  static constexpr std::string_view kTable = "desired_functions";
  // All manifests together: the desired state of an edge is one frame.
  static constexpr std::size_t kMaxBytes = 512u << 10;

  Result<void> load(const StoreReader& store);
  // Whether there is room for a function: to be asked before its record is appended. Errors: limit_exceeded.
  Result<void> check(const FunctionName& name, std::string_view manifest) const;
  // Errors: limit_exceeded; nothing has changed then.
  Result<void> apply(const DesiredChange& change, Position position);
  void take_changes(std::vector<RowChange>& changes);
  std::size_t dirty_bytes() const { return dirty_.bytes(); }

  // Position of the last record that changed anything.
  std::uint64_t generation() const { return generation_; }
  uplink::Desired desired_of(const EdgeId& edge, std::string_view region) const;
  const std::map<std::string, FleetFunction>& functions() const { return functions_; }

 private:
  std::map<std::string, FleetFunction> functions_;  // by name
  std::uint64_t generation_ = 0;
  RowSet dirty_{kTable};
};

}  // namespace doppel

// Window rows as the edges contribute them. What a fleet or a region has is merged on demand, in the order of the edges'
// names, so that the order of arrival shows in no result. Parts are kept a time, then merged region by region and frozen.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/roster.h"
#include "coordinator/row_set.h"
#include "twin_store/model/aggregate.h"
#include "twin_store/model/time.h"
#include "twin_store/model/window.h"
#include "twin_store/store/store.h"

namespace doppel {

struct WindowLimits {
  Duration keep_parts = std::chrono::hours(24 * 7);     // after the window's end
  Duration keep_frozen = std::chrono::hours(24 * 365);  // after the window's end
  std::size_t rows_per_edge = 200'000;
  // Of all rows as they are stored. Beyond it the oldest windows are frozen early, and the oldest frozen ones dropped.
  std::size_t bytes = 256u << 20;
  bool operator==(const WindowLimits&) const = default;
};

// The sum of contributions to one window row: an aggregate, or a population where the property is "".
class WindowSum {
 public:
  explicit WindowSum(const WindowKey& key) : counts_twins_(key.property.empty()) {}
  bool add(std::string_view payload);  // false: it does not decode, and nothing was added
  std::string encoded() const;
  bool counts_twins() const { return counts_twins_; }
  const Aggregate& aggregate() const { return aggregate_; }
  const WindowPopulation& population() const { return population_; }

 private:
  bool counts_twins_;
  Aggregate aggregate_;
  WindowPopulation population_;
};

// A row of table WindowTable::kParts: what one contributor holds of a window.
struct StoredPart {
  std::uint32_t contributor = 0;
  WindowKey key;
  std::uint64_t revision = 0;
  Timestamp arrival;
  std::string region;  // of the edge when the row arrived
  std::string payload;
};
std::optional<StoredPart> decode_part(std::string_view key, std::string_view value);

// The key of a row of table WindowTable::kFrozen, whose value is the payload.
struct FrozenKey {
  std::string region;
  WindowKey key;
};
std::optional<FrozenKey> decode_frozen_key(std::string_view key);

class WindowTable {
 public:
  static constexpr std::string_view kParts = "contributions", kFrozen = "frozen_windows", kState = "window_state";

  struct Part {
    Contributor* from = nullptr;
    std::uint64_t revision = 0;
    Timestamp arrival;
    std::string region;  // as in StoredPart
    std::string payload;
  };
  struct Row {
    std::vector<Part> parts;  // by edge name, lane, first HELLO
    std::map<std::string, std::string> frozen;  // region -> payload
  };
  using Rows = std::map<WindowKey, Row>;

  explicit WindowTable(WindowLimits limits) : limits_(limits) {}
  void set_limits(const WindowLimits& limits) { limits_ = limits; }  // what is too much goes with the next advance()

  // `roster` is loaded already.
  Result<void> load(const StoreReader& store, Roster& roster);
  void take_changes(std::vector<RowChange>& changes);
  std::size_t dirty_bytes() const { return part_rows_.bytes() + frozen_rows_.bytes() + state_rows_.bytes(); }

  // `key` without its first letter. Nothing: taken, or not newer than what is there.
  std::optional<Refusal> put(Contributor& from, std::string_view key, std::uint64_t revision, std::string payload,
                             Timestamp arrival);
  // Freezes and drops what is due; time never goes back.
  void advance(Timestamp now);

  const Rows& rows() const { return rows_; }
  std::size_t bytes() const { return bytes_; }
  // Arrival of the latest record, never going back.
  Timestamp now() const { return from_nanoseconds(state_.now_ns); }
  // Windows that end here or earlier are frozen.
  Timestamp horizon() const { return from_nanoseconds(state_.horizon_ns); }
  std::uint64_t frozen_early() const { return state_.frozen_early; }  // rows frozen before their time, for want of room
  std::uint64_t dropped() const { return state_.dropped; }            // frozen rows that went

 private:
  struct State {
    std::int64_t now_ns = 0;
    std::int64_t horizon_ns = 0;
    std::uint64_t frozen_early = 0;
    std::uint64_t dropped = 0;
    bool operator==(const State&) const = default;
  };
  struct Ending {
    std::int64_t end_ns;
    const WindowKey* key;
    bool operator<(const Ending& other) const { return end_ns != other.end_ns ? end_ns < other.end_ns : *key < *other.key; }
  };
  using ByEnd = std::set<Ending>;

  void insert(const WindowKey& key, Part part);
  void insert_frozen(const WindowKey& key, std::string region, std::string payload);
  void freeze(const WindowKey& key);
  void drop(const WindowKey& key);
  void shrink();

  WindowLimits limits_;
  Rows rows_;
  ByEnd live_, frozen_;  // rows with parts, rows with frozen sums; the keys are those of rows_
  State state_, stored_;
  std::size_t bytes_ = 0;
  RowSet part_rows_{kParts}, frozen_rows_{kFrozen}, state_rows_{kState};
};

}  // namespace doppel

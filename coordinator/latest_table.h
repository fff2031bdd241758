// The latest rows of each edge that stand for themselves: values of selected twins, alerts, the edge's own status. Only those
// of the present incarnation are kept: a new one sends all of its own.
// Thread: one at a time.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coordinator/roster.h"
#include "coordinator/row_set.h"
#include "twin_store/model/time.h"
#include "twin_store/store/store.h"

namespace doppel {

struct LatestLimits {
  std::size_t rows_per_edge = 100'000;
  std::size_t bytes = 256u << 20;  // of all edges
  Duration keep_removed = std::chrono::hours(24);  // a removed row is remembered, so that an older one does not bring it back
  bool operator==(const LatestLimits&) const = default;
};

class LatestTable {
 public:
  static constexpr std::string_view kTable = "latest_rows";

  struct Key {
    EdgeId edge;
    std::string key;  // with its first letter, see twin_store/model/window.h
    std::uint32_t lane = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Row {
    std::uint64_t revision = 0;
    Timestamp arrival;
    std::string payload;  // "": removed
  };
  using Rows = std::map<Key, Row>;
  // A stored row.
  static std::optional<std::pair<Key, Row>> decode(std::string_view key, std::string_view value);

  // Called for each row that another replaced, or that is gone, with both payloads; "" : none. They are borrowed for the call.
  using Observer = std::function<void(const Key& key, std::string_view before, std::string_view after)>;

  explicit LatestTable(LatestLimits limits) : limits_(limits) {}
  void observe(Observer observer) { observer_ = std::move(observer); }
  void set_limits(const LatestLimits& limits) { limits_ = limits; }  // what is there stays

  Result<void> load(const StoreReader& store, Roster& roster);
  void take_changes(std::vector<RowChange>& changes) { rows_changed_.take(changes); }
  std::size_t dirty_bytes() const { return rows_changed_.bytes(); }

  // Nothing: taken, or not newer than what is there.
  std::optional<Refusal> put(Contributor& from, std::string_view key, std::uint64_t revision, std::string payload,
                             Timestamp arrival);
  // Another incarnation took over.
  void forget(EdgeRecord& edge, std::uint32_t lane);
  // Removed rows are forgotten when their time is over; time never goes back.
  void advance(Timestamp now);

  const Rows& rows() const { return rows_; }
  std::size_t bytes() const { return bytes_; }

 private:
  static void count(EdgeRecord& edge, const Key& key, const Row& row, std::size_t by);
  Rows::iterator erase(Rows::iterator at, EdgeRecord& edge);

  LatestLimits limits_;
  Observer observer_ = [](const Key&, std::string_view, std::string_view) {};
  Rows rows_;
  // Removed rows by arrival. A row that came back is still listed until then.
  std::multimap<Timestamp, Key> removed_;
  std::size_t bytes_ = 0;
  Roster* roster_ = nullptr;
  RowSet rows_changed_{kTable};
};

}  // namespace doppel

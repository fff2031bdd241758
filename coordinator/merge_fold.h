// The coordinator's fold: what the edges send becomes the fleet. State is a pure function of the journal: uplink records (HELLO,
// ROWS, STATUS frames under the edge's name), desired records, and configuration records with the limits.
// Thread: the lane's for every call but generation().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker_bridge/uplink/uplink_coordinator.h"
#include "coordinator/desired_state.h"
#include "coordinator/latest_table.h"
#include "coordinator/merge_limits.h"
#include "coordinator/roster.h"
#include "coordinator/window_table.h"
#include "twin_store/lane/fold.h"

namespace doppel {

class MergeFold final : public Fold {
 public:
  // `limits`: until the store or the journal says others.
  explicit MergeFold(MergeLimits limits = {});

  std::span<const std::string_view> tables() const override;
  std::string version() const override { return "merge 3"; }  // another one wherever the same journal makes another state
  Result<void> load(const StoreReader& store) override;
  Result<void> apply(const Batch& batch, BatchOutput& output) override;
  std::optional<Timestamp> next_due() const override { return std::nullopt; }
  void take_changes(std::vector<RowChange>& changes) override;
  std::size_t dirty_bytes() const override;
  void begin_incarnation(const Incarnation&) override {}

  const MergeLimits& limits() const { return limits_; }
  const Roster& roster() const { return roster_; }
  const WindowTable& windows() const { return windows_; }
  const LatestTable& latest() const { return latest_; }
  const DesiredState& desired() const { return desired_; }
  Position applied() const { return applied_; }  // last record seen since the process started
  // What became of the desired record at `position`, one of the last few: nothing, or why it was refused.
  std::optional<Error> refusal_of(Position position) const;

  // Of the latest rows, from now on. Before the lane's thread starts, or on it.
  void observe_latest(LatestTable::Observer observer) { latest_.observe(std::move(observer)); }

  // What a session that said `hello` at `position` may know. Nothing while the fold has not come that far.
  std::optional<uplink::Standing> standing_of(const uplink::Hello& hello, Position position) const;

  // Grows when the desired state changes. Thread: any.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // Records that were nobody's: they do not decode, or no HELLO came before them.
  std::uint64_t bad_records() const { return bad_records_; }

 private:
  void apply_uplink(const Record& record);
  void apply_hello(const uplink::Hello& hello, Timestamp arrival);
  void apply_rows(EdgeRecord& edge, uplink::Rows& rows, Timestamp arrival);
  std::optional<Refusal> apply_row(Contributor& from, uplink::Row& row, Timestamp arrival);
  void apply_desired(const Record& record);
  void refuse_desired(Position position, const Error& why);
  void apply_configuration(const Record& record);
  Result<void> configure(std::string_view json);
  void count_bad_record();

  MergeLimits limits_;
  Roster roster_;
  WindowTable windows_;
  LatestTable latest_;
  DesiredState desired_;
  Position applied_ = Position::none;
  std::deque<std::pair<Position, Error>> refused_;  // desired records, oldest first; for who waits, no part of the state
  std::uint64_t bad_records_ = 0;
  RowSet state_rows_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace doppel

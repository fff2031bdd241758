// A lane folds its journal into its store. Pure sequence without threads: recover(), then step() again and again.
// `twin_store/lane/lane_thread.h` runs one beside its sources.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "twin_store/journal/arrival_clock.h"
#include "twin_store/journal/journal.h"
#include "twin_store/lane/committer.h"
#include "twin_store/lane/fold.h"
#include "twin_store/lane/marked_batches.h"
#include "twin_store/lane/outbox.h"
#include "twin_store/model/log.h"
#include "twin_store/model/time.h"
#include "twin_store/store/store.h"

namespace doppel {

struct LaneOptions {
  std::size_t batch_records = 1000;                 // most records in a batch
  std::chrono::milliseconds commit_interval{10'000};
  std::size_t commit_bytes = 4u << 20;              // dirty bytes that bring a commit forward: also bounds the pause of freezing
  std::string snapshot_folder;                      // an epoch's base is kept here; empty: none is made
  // The borders of live batches: at most this many of the records at hand. For tests that want other borders.
  std::function<std::size_t(std::size_t at_hand)> choose_border;
};

// Everything a lane works with. Borrowed for the life of the lane.
struct LaneParts {
  Fold& fold;
  Journal& journal;
  Store& store;
  Outbox& outbox;
  Committer& committer;
  const Clock& clock;
  Log& log;
};

struct LaneCounts {
  std::uint64_t records = 0;   // applied since the start
  std::uint64_t batches = 0;
  std::uint64_t commits = 0;
  std::uint64_t replayed = 0;  // of the records, during recovery
};

// Thread: one at a time.
class Lane {
 public:
  Lane(LaneParts parts, LaneOptions options) : parts_(parts), options_(std::move(options)), time_(parts.clock, parts.clock.wall()) {}

  // Loads the store, replays the journal under the marks it holds, runs what has none yet, and opens the outbox: everything that was
  // accepted before is applied when it returns. `found` is what opening the journal said; `fresh` is the incarnation to begin with when
  // there is neither store nor journal.
  Result<void> recover(const JournalRecovery& found, const Incarnation& fresh);

  // Runs the next batch of what the journal holds, or appends a tick that is due. False: there is nothing to do before
  // next_wake() or the next append.
  Result<bool> step();

  // Commits if it is time. Separate from step() so that a stalled store does not stall the fold.
  Result<void> commit_if_due();
  // Begins a commit so that a reader of the store sees what is applied; at most one in kReaderInterval.
  Result<void> commit_for_reader();
  static constexpr Duration kReaderInterval = std::chrono::milliseconds(100);
  // Commits everything applied, and waits for it.
  Result<void> commit_now();

  // When step() or commit_if_due() will have something to do although nothing is appended; monotonic time.
  std::optional<Duration> next_wake() const;

  // Ends the present incarnation: the coordinator above knows more than this store does.
  Result<void> begin_incarnation(const Incarnation& incarnation);

  const Checkpoint& applied() const { return applied_; }
  // Of the last batch that a process before this one can have run.
  Position recovered_mark() const { return recovered_mark_; }
  Position last_read() const { return last_read_; }
  bool has_pending() const { return next_pending_ != pending_.size(); }  // read, not yet run
  const LaneCounts& counts() const { return counts_; }
  // Of the folds that wrote the marks of what was replayed. One that is not the running one's may have made other state and effects.
  const std::set<std::string>& replayed_versions() const { return replayed_versions_; }

 private:
  enum class Replaying : std::uint8_t { no, with_later_marks, newest };  // newest: the batch of the journal's last mark

  Result<void> load();
  Result<void> replay();
  Result<void> replay_batch(const MarkedBatch& batch);
  void check_against(const MarkedBatch& batch);
  void replay_differs() { hashes_differ_ = epoch_is_due_ = true; }
  Result<Position> begin_epoch(const JournalRecovery& found);
  std::string why_new_epoch(const JournalRecovery& found) const;
  Result<void> begin_first_incarnation(const Incarnation& fresh);
  Result<std::size_t> read();
  Result<bool> run_next();
  Result<void> run(Position mark, Epoch epoch, std::span<const Record> records, std::span<const Decision> decisions);
  Result<void> journal_decisions(Position mark, Position& last_record);
  Result<bool> append_tick_if_due();
  std::size_t live_border() const;
  Result<void> freeze();
  bool is_dirty() const { return applied_.position != committed_; }

  LaneParts parts_;
  const LaneOptions options_;
  std::unique_ptr<JournalReader> reader_;
  std::vector<Record> buffer_;            // of one read
  std::vector<Record> pending_;           // read, not yet run
  std::size_t next_pending_ = 0;
  Checkpoint applied_;
  Position committed_ = Position::none;
  Position last_read_ = Position::none;
  Position recovered_mark_ = Position::none;
  Duration last_commit_{0};
  ArrivalClock time_;  // tells when the wall clock steps while no record comes
  Replaying replaying_ = Replaying::no;
  bool is_ahead_ = false;                 // the store was, of the journal
  bool hashes_differ_ = false;
  bool epoch_is_due_ = false;
  std::set<std::string> replayed_versions_;
  BatchOutput output_;
  LaneCounts counts_;
};

// The hash of one batch's rows, zero when it made none.
std::uint64_t hash_rows(std::span<const OutboxRow> rows);

}  // namespace doppel

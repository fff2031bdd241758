// How a lane begins: from its store, through its journal, to where the journal ends.
#include <algorithm>

#include "twin_store/lane/lane.h"
#include "twin_store/lane/snapshots.h"

namespace doppel {
namespace {

std::string number(Position p) { return std::to_string(to_number(p)); }

}  // namespace

Result<void> Lane::recover(const JournalRecovery& found, const Incarnation& fresh) {
  last_commit_ = parts_.clock.monotonic();
  if (auto loaded = load(); !loaded) return loaded;
  // The mark may lie behind what is left of the journal, though the records of its batch do not.
  is_ahead_ = std::max(applied_.position, applied_.mark) > parts_.journal.last();
  epoch_is_due_ = is_ahead_ || needs_new_epoch(found);
  if (applied_.position <= parts_.journal.last()) {
    if (auto replayed = replay(); !replayed) return replayed;
  }
  recovered_mark_ = applied_.mark;
  Position read_after = applied_.position;
  if (epoch_is_due_) {
    const auto behind_epoch = begin_epoch(found);
    if (!behind_epoch) return behind_epoch.error();
    read_after = *behind_epoch;
  }
  auto reader = parts_.journal.read_after(read_after);
  if (!reader) return reader.error();
  reader_ = std::move(*reader);
  if (auto begun = begin_first_incarnation(fresh); !begun) return begun;
  for (bool more = true; more;) {
    const auto ran = run_next();
    if (!ran) return ran.error();
    more = *ran;
    if (auto committed = commit_if_due(); !committed) return committed;
  }
  // Whoever starts the node appends before the lane has its first turn.
  if (parts_.journal.waits_for_commit()) {
    if (auto committed = commit_now(); !committed) return committed;
  }
  parts_.outbox.start(parts_.journal.last_synced());
  return {};
}

Result<void> Lane::load() {
  const auto checkpoint = parts_.store.checkpoint();
  if (!checkpoint) return checkpoint.error();
  if (*checkpoint) {
    applied_ = **checkpoint;
  } else if (parts_.journal.first() > Position{1}) {
    return corrupt_data("the store is empty, but its journal begins at position " + number(parts_.journal.first()) +
                        ": what came before is known to no file here; restore the store from a snapshot, or begin with an empty data folder");
  }
  committed_ = applied_.position;
  parts_.committer.begin(committed_);
  if (auto loaded = parts_.fold.load(parts_.store); !loaded) return loaded;
  return parts_.outbox.load(parts_.store);
}

Result<void> Lane::replay() {
  const auto batches = MarkedBatches::open(parts_.journal, applied_.position, options_.batch_records);
  if (!batches) return batches.error();
  replaying_ = Replaying::with_later_marks;
  for (MarkedBatch batch;;) {
    const auto more = (*batches)->next(batch);
    if (!more) return more.error();
    if (!*more) break;
    if (auto ran = replay_batch(batch); !ran) return ran;
    if (auto committed = commit_if_due(); !committed) return committed;
  }
  replaying_ = Replaying::no;
  counts_.replayed = counts_.records;
  return {};
}

Result<void> Lane::replay_batch(const MarkedBatch& batch) {
  if (batch.mark_is_lost) {
    epoch_is_due_ = true;
  } else {
    check_against(batch);
  }
  if (batch.is_newest) replaying_ = Replaying::newest;
  return run(batch.mark_position, batch.epoch, batch.records, batch.decisions);
}

// A mark vouches for the effects of the batch before it, and names the fold that it was written for.
void Lane::check_against(const MarkedBatch& batch) {
  if (batch.mark.previous_batch_hash != applied_.last_batch_hash && applied_.mark != Position::none) {
    replay_differs();
    parts_.log.error("replay_differs", {{"batch_mark", number(applied_.mark)},
                                        {"journaled_hash", std::to_string(batch.mark.previous_batch_hash)},
                                        {"replayed_hash", std::to_string(applied_.last_batch_hash)}});
  }
  const bool is_new = replayed_versions_.insert(batch.mark.fold_version).second;
  if (is_new && batch.mark.fold_version != parts_.fold.version()) {
    parts_.log.warning("replay_under_another_version", {{"position", number(batch.mark_position)},
                                                        {"journaled", batch.mark.fold_version},
                                                        {"running", parts_.fold.version()}});
  }
}

// The base is made before the first append: a replay of the epoch starts there. Returns where to read on.
Result<Position> Lane::begin_epoch(const JournalRecovery& found) {
  const Position last = parts_.journal.last();
  // Records that belong to no mark yet are run after the base, under marks of the new epoch.
  if (auto committed = commit_now(); !committed) return committed.error();
  const Epoch wanted{to_number(std::max(applied_.epoch, parts_.journal.epoch())) + 1};
  if (!options_.snapshot_folder.empty()) {
    const std::string path = options_.snapshot_folder + "/" + base_name(wanted);
    if (auto made = parts_.store.snapshot_to(path); !made) return made.error();
  }
  const Position above = std::max({applied_.position, applied_.mark, last});
  // A journal that was lost as a whole counts its epochs anew, and has to catch up with the store.
  while (parts_.journal.epoch() < wanted) {
    if (auto begun = parts_.journal.begin_epoch(above); !begun) return begun.error();
  }
  applied_.epoch = wanted;
  parts_.log.warning("journal_epoch_began", {{"epoch", std::to_string(to_number(wanted))},
                                             {"last_position", number(found.last)},
                                             {"last_arrival", format_rfc3339(found.last_arrival)},
                                             {"why", why_new_epoch(found)}});
  return applied_.position >= last ? above : applied_.position;
}

std::string Lane::why_new_epoch(const JournalRecovery& found) const {
  if (is_ahead_) return "the store is ahead of the journal";
  if (found.ending == JournalRecovery::Ending::tail_may_be_lost)
    return "a tail of the journal may be lost: events accepted after last_arrival, up to the sync interval";
  if (hashes_differ_) return "a replay made other effects";
  return "corrupt records were quarantined";
}

// Of a process that died between the record and its batch, the journal has one already.
Result<void> Lane::begin_first_incarnation(const Incarnation& fresh) {
  bool has_appended = false;
  while (applied_.incarnation == Incarnation{}) {
    const auto ran = step();
    if (!ran) return ran.error();
    if (*ran) continue;
    if (has_appended) return internal_error("the journal does not show the incarnation that was appended to it");
    if (auto begun = begin_incarnation(fresh); !begun) return begun;
    has_appended = true;
  }
  return {};
}

}  // namespace doppel

#include "twin_store/lane/lane.h"

#include <algorithm>
#include <cstring>

#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

// A replay that reads ahead keeps what it has read; beyond this many records it goes back to the last one applied.
constexpr std::size_t kReadAhead = 16'384;
// A store that cannot keep up holds the fold back once this many commits' worth of changes wait.
constexpr std::size_t kMostDirtyCommits = 4;

std::string number(Position p) { return std::to_string(to_number(p)); }

std::string encode_time(Timestamp time) {
  std::string payload;
  ByteWriter(payload).put(to_nanoseconds(time));
  return payload;
}

std::optional<Incarnation> decode_incarnation(std::string_view payload) {
  Incarnation incarnation;
  if (payload.size() != incarnation.bytes.size()) return std::nullopt;
  std::memcpy(incarnation.bytes.data(), payload.data(), payload.size());
  return incarnation;
}

std::string_view payload_of(const Incarnation& incarnation) {
  return {reinterpret_cast<const char*>(incarnation.bytes.data()), incarnation.bytes.size()};
}

}  // namespace

std::uint64_t hash_rows(std::span<const OutboxRow> rows) {
  std::uint64_t hash = 0;
  for (const auto& row : rows) {
    const auto facts = static_cast<std::uint64_t>(row.kind) | std::uint64_t{row.qos} << 8 | std::uint64_t{row.retain} << 16;
    hash = mix64(mix64(hash, facts), row.revision);
    hash = mix64(mix64(hash, hash64(row.target)), hash64(row.payload));
  }
  return hash;
}

Result<void> Lane::recover(const JournalRecovery& found, const Incarnation& fresh) {
  if (auto loaded = load(); !loaded) return loaded;
  if (applied_.position <= parts_.journal.last()) {
    if (auto replayed = replay(); !replayed) return replayed;
  }
  if (auto begun = begin_epoch_if_needed(found); !begun) return begun;
  if (auto placed = reposition(); !placed) return placed;
  last_commit_ = parts_.clock.monotonic();
  if (applied_.incarnation == Incarnation{}) {
    if (auto begun = begin_incarnation(fresh); !begun) return begun;
    if (auto ran = step(); !ran) return ran.error();
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
  if (auto loaded = parts_.fold.load(parts_.store); !loaded) return loaded;
  return parts_.outbox.load(parts_.store);
}

Result<void> Lane::replay() {
  if (auto placed = reposition(); !placed) return placed;
  replaying_ = true;
  for (;;) {
    // A mark is run when the next one is seen: its decisions lie between the two.
    const auto got = read(next_pending_ == pending_.size() ? JournalReader::Views::free_earlier : JournalReader::Views::keep_earlier);
    if (!got) return got.error();
    const std::size_t held = *got == 0 ? 0 : 1;
    while (marks_.size() > held) {
      if (auto ran = replay_batch(marks_.front()); !ran) return ran;
      marks_.pop_front();
      if (auto committed = commit_if_due(); !committed) return committed;
    }
    if (*got == 0) break;
    if (read_since_free_ > kReadAhead) {
      if (auto placed = reposition(); !placed) return placed;
    }
  }
  replaying_ = false;
  counts_.replayed = counts_.records;
  return {};
}

Result<void> Lane::replay_batch(const ReplayBatch& batch) {
  if (batch.mark.previous_batch_hash != applied_.last_batch_hash && applied_.mark != Position::none) {
    hashes_differ_ = true;
    parts_.log.error("replay_differs", {{"batch_mark", number(applied_.mark)},
                                        {"journaled_hash", std::to_string(batch.mark.previous_batch_hash)},
                                        {"replayed_hash", std::to_string(applied_.last_batch_hash)}});
  }
  if (batch.mark.fold_version != parts_.fold.version() && batch.mark.fold_version != last_mark_version_) {
    parts_.log.warning("replay_under_another_version", {{"position", number(batch.mark_position)},
                                                        {"journaled", batch.mark.fold_version},
                                                        {"running", parts_.fold.version()}});
  }
  last_mark_version_ = batch.mark.fold_version;
  const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(next_pending_);
  const auto end = std::find_if(begin, pending_.end(), [&](const Record& r) { return r.position > batch.mark.last; });
  const std::span<const Record> records(begin, end);
  if (records.empty()) return {};
  next_pending_ += records.size();
  return run(batch.mark_position, batch.epoch, records, batch.decisions);
}

Result<void> Lane::begin_epoch_if_needed(const JournalRecovery& found) {
  const bool ahead = applied_.position > parts_.journal.last();
  const bool tail_lost = found.ending == JournalRecovery::Ending::tail_may_be_lost;
  if (!ahead && !tail_lost && !hashes_differ_ && found.corrupt.empty()) return {};
  // Records that belong to no mark yet are run after the base, under marks of the new epoch.
  if (auto committed = commit_now(); !committed) return committed;
  const Epoch next_epoch{to_number(std::max(applied_.epoch, parts_.journal.epoch())) + 1};
  if (!options_.snapshot_folder.empty()) {
    const std::string path = options_.snapshot_folder + "/epoch-" + std::to_string(to_number(next_epoch)) + ".db";
    if (auto made = parts_.store.snapshot_to(path); !made) return made;
  }
  if (auto begun = parts_.journal.begin_epoch(std::max(applied_.position, parts_.journal.last())); !begun) return begun;
  applied_.epoch = parts_.journal.epoch();
  parts_.log.warning("journal_epoch_began",
                     {{"epoch", std::to_string(to_number(applied_.epoch))},
                      {"last_position", number(found.last)},
                      {"last_arrival", format_rfc3339(found.last_arrival)},
                      {"why", ahead ? "the store is ahead of the journal"
                              : tail_lost ? "a tail of the journal may be lost: events accepted after last_arrival, up to the sync interval"
                              : hashes_differ_ ? "a replay made other effects"
                                               : "corrupt records were quarantined"}});
  return {};
}

// Places the reader behind the last record applied, and forgets what was read ahead of it.
Result<void> Lane::reposition() {
  pending_.clear();
  next_pending_ = 0;
  marks_.clear();
  read_since_free_ = 0;
  auto reader = parts_.journal.read_after(std::min(applied_.position, parts_.journal.last()));
  if (!reader) return reader.error();
  reader_ = std::move(*reader);
  return {};
}

// Returns how many records were read, bookkeeping among them.
Result<std::size_t> Lane::read(JournalReader::Views views) {
  if (views == JournalReader::Views::free_earlier) {
    pending_.clear();
    next_pending_ = 0;
    read_since_free_ = 0;
  }
  buffer_.clear();
  if (auto got = reader_->read(options_.batch_records, views, buffer_); !got) return got.error();
  read_since_free_ += buffer_.size();
  for (const auto& record : buffer_) {
    last_read_ = record.position;
    if (record.position <= applied_.position) continue;
    if (!is_bookkeeping(record.kind)) {
      pending_.push_back(record);
      continue;
    }
    if (!replaying_) continue;
    if (record.kind == RecordKind::mark) {
      auto mark = decode_mark(record.payload);
      if (!mark) return corrupt_data("the mark at position " + number(record.position) + " does not decode");
      if (mark->last > applied_.position) marks_.push_back({record.position, record.epoch, std::move(*mark), {}});
    } else if (record.kind == RecordKind::decision) {
      auto decision = decode_decision(record.payload);
      if (!decision) return corrupt_data("the decision at position " + number(record.position) + " does not decode");
      for (auto& batch : marks_) {
        if (batch.mark_position == decision->mark) batch.decisions.push_back(std::move(decision->decision));
      }
    }
  }
  return buffer_.size();
}

Result<bool> Lane::step() {
  while (next_pending_ == pending_.size()) {
    const auto got = read(JournalReader::Views::free_earlier);
    if (!got) return got.error();
    if (*got == 0) return append_tick_if_due();
  }
  const std::span<const Record> records(pending_.data() + next_pending_, live_border());
  const auto mark = parts_.journal.append(
      {.kind = RecordKind::mark,
       .payload = encode(Mark{records.front().position, records.back().position, applied_.last_batch_hash, parts_.fold.version()})});
  if (!mark) return mark.error();
  next_pending_ += records.size();
  if (auto ran = run(*mark, parts_.journal.epoch(), records, {}); !ran) return ran.error();
  return true;
}

std::size_t Lane::live_border() const {
  const auto begin = pending_.begin() + static_cast<std::ptrdiff_t>(next_pending_);
  if (is_control(begin->kind)) return 1;
  const auto control = std::find_if(begin, pending_.end(), [](const Record& r) { return is_control(r.kind); });
  const auto at_hand = std::min(static_cast<std::size_t>(control - begin), options_.batch_records);
  return options_.choose_border ? options_.choose_border(at_hand) : at_hand;
}

Result<void> Lane::run(Position mark, Epoch epoch, std::span<const Record> records, std::span<const Decision> decisions) {
  if (records.front().kind == RecordKind::incarnation) {
    const auto incarnation = decode_incarnation(records.front().payload);
    if (!incarnation) return corrupt_data("the incarnation at position " + number(records.front().position) + " does not decode");
    applied_.incarnation = *incarnation;
    parts_.fold.begin_incarnation(*incarnation);
    parts_.outbox.clear_replacements();
  }
  output_.clear();
  applied_.epoch = epoch;
  const Batch batch{applied_.incarnation, applied_.epoch, mark, records, decisions};
  if (auto done = parts_.fold.apply(batch, output_); !done) return done;

  Position last_record = mark;
  if (auto journaled = journal_decisions(mark, last_record); !journaled) return journaled;
  std::uint32_t ordinal = 0;
  for (auto& row : output_.rows) row.key = {applied_.incarnation, applied_.epoch, mark, ordinal++};
  applied_.last_batch_hash = hash_rows(output_.rows);
  if (applied_.last_batch_hash != 0) applied_.effects_hash = mix64(applied_.effects_hash, applied_.last_batch_hash);
  applied_.position = records.back().position;
  applied_.mark = mark;
  counts_.records += records.size();
  ++counts_.batches;
  if (!output_.rows.empty()) parts_.outbox.add(output_.rows, last_record);
  return {};
}

// A decision that a replay takes anew cannot be journaled where it belongs: what follows is a new epoch.
Result<void> Lane::journal_decisions(Position mark, Position& last_record) {
  if (output_.decisions.empty()) return {};
  if (replaying_) {
    hashes_differ_ = true;
    return {};
  }
  for (auto& decision : output_.decisions) {
    const auto position = parts_.journal.append({.kind = RecordKind::decision, .payload = encode(DecisionRecord{mark, decision})});
    if (!position) return position.error();
    last_record = *position;
  }
  return {};
}

Result<bool> Lane::append_tick_if_due() {
  const auto due = parts_.fold.next_due();
  const Timestamp now = parts_.clock.wall();
  if (!due || *due > now) return false;
  const auto position = parts_.journal.append({.kind = RecordKind::tick, .payload = encode_time(now)});
  if (!position) return position.error();
  return true;
}

Result<void> Lane::commit_if_due() {
  if (!is_dirty()) return {};
  const std::size_t dirty = parts_.fold.dirty_bytes();
  const bool due = parts_.clock.monotonic() - last_commit_ >= options_.commit_interval || dirty >= options_.commit_bytes;
  if (!due) return {};
  if (parts_.committer.is_busy()) {
    if (dirty < kMostDirtyCommits * options_.commit_bytes) return {};
    if (auto idle = parts_.committer.wait_until_idle(); !idle) return idle;
  }
  return freeze();
}

Result<void> Lane::commit_now() {
  if (auto idle = parts_.committer.wait_until_idle(); !idle) return idle;
  if (!is_dirty()) return {};
  if (auto frozen = freeze(); !frozen) return frozen;
  return parts_.committer.wait_until_idle();
}

Result<void> Lane::freeze() {
  CommitJob job;
  job.checkpoint = applied_;
  parts_.fold.take_changes(job.changes);
  const auto log_number = parts_.outbox.take_changes(job.changes);
  if (!log_number) return log_number.error();
  job.delivery_log_number = *log_number;
  committed_ = applied_.position;
  last_commit_ = parts_.clock.monotonic();
  ++counts_.commits;
  return parts_.committer.submit(std::move(job));
}

std::optional<Duration> Lane::next_wake() const {
  std::optional<Duration> wake;
  const Duration now = parts_.clock.monotonic();
  if (const auto due = parts_.fold.next_due()) wake = now + std::max(Duration(0), *due - parts_.clock.wall());
  if (is_dirty()) wake = std::min(wake.value_or(Duration::max()), last_commit_ + options_.commit_interval);
  return wake;
}

Result<void> Lane::begin_incarnation(const Incarnation& incarnation) {
  const auto position = parts_.journal.append({.kind = RecordKind::incarnation, .payload = payload_of(incarnation)});
  if (!position) return position.error();
  return {};
}

}  // namespace doppel

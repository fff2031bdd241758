#include "twin_store/lane/lane.h"

#include <algorithm>
#include <cstring>

#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

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

// Returns how many records were read, bookkeeping among them.
Result<std::size_t> Lane::read() {
  pending_.clear();
  next_pending_ = 0;
  buffer_.clear();
  if (auto got = reader_->read(options_.batch_records, JournalReader::Views::free_earlier, buffer_); !got) return got.error();
  for (const auto& record : buffer_) {
    last_read_ = record.position;
    if (!is_bookkeeping(record.kind)) pending_.push_back(record);
  }
  return buffer_.size();
}

Result<bool> Lane::step() {
  const auto ran = run_next();
  return !ran || *ran ? ran : append_tick_if_due();
}

// False at the journal's end.
Result<bool> Lane::run_next() {
  while (next_pending_ == pending_.size()) {
    const auto got = read();
    if (!got) return got.error();
    if (*got == 0) return false;
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
  const std::span<const Record> at_hand(pending_.data() + next_pending_, pending_.size() - next_pending_);
  const std::size_t length = batch_length(at_hand, options_.batch_records);
  return options_.choose_border && length > 1 ? options_.choose_border(length) : length;
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
  const Batch batch{applied_.incarnation, applied_.epoch, mark, records, decisions, replaying_ != Replaying::no};
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

// A replay takes decisions only of a batch during which the process died, which no mark follows. Any other cannot be journaled where
// it belongs.
Result<void> Lane::journal_decisions(Position mark, Position& last_record) {
  if (output_.decisions.empty()) return {};
  if (replaying_ == Replaying::with_later_marks) {
    replay_differs();
    parts_.log.error("replay_decides_anew", {{"batch_mark", number(mark)}, {"subject", output_.decisions.front().subject}});
    return {};
  }
  if (epoch_is_due_ && replaying_ == Replaying::newest) return {};  // the base of the epoch holds what came of them
  for (auto& decision : output_.decisions) {
    const auto position = parts_.journal.append({.kind = RecordKind::decision, .payload = encode(DecisionRecord{mark, decision})});
    if (!position) return position.error();
    last_record = *position;
  }
  return {};
}

Result<bool> Lane::append_tick_if_due() {
  const auto due = parts_.fold.next_due();
  const bool has_stepped = time_.read().step != Duration::zero();  // the journal says so before the tick, and what is due moves with it
  const Timestamp now = parts_.clock.wall();
  if (!due || (*due > now && !has_stepped)) return false;
  const auto position = parts_.journal.append({.kind = RecordKind::tick, .payload = encode_time(now)});
  if (!position) return position.error();
  return true;
}

Result<void> Lane::commit_if_due() {
  const auto busy = parts_.committer.is_busy();
  if (!busy) return busy.error();
  if (!is_dirty()) return {};
  const std::size_t dirty = parts_.fold.dirty_bytes();
  const bool due = parts_.clock.monotonic() - last_commit_ >= options_.commit_interval || dirty >= options_.commit_bytes ||
                   parts_.journal.waits_for_commit();
  if (!due) return {};
  if (*busy) {
    if (dirty < kMostDirtyCommits * options_.commit_bytes) return {};
    if (auto idle = parts_.committer.wait_until_idle(); !idle) return idle;
  }
  return freeze();
}

Result<void> Lane::commit_for_reader() {
  if (!is_dirty() || parts_.clock.monotonic() - last_commit_ < kReaderInterval) return {};
  if (auto idle = parts_.committer.wait_until_idle(); !idle) return idle;
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
  // A committer at work wakes the lane when it is done, or has failed.
  const auto busy = parts_.committer.is_busy();
  if (is_dirty() && busy && !*busy) wake = std::min(wake.value_or(Duration::max()), last_commit_ + options_.commit_interval);
  return wake;
}

Result<void> Lane::begin_incarnation(const Incarnation& incarnation) {
  const auto position = parts_.journal.append({.kind = RecordKind::incarnation, .payload = payload_of(incarnation)});
  if (!position) return position.error();
  return {};
}

}  // namespace doppel

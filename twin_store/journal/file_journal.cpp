#include "twin_store/journal/file_journal.h"

#include <algorithm>
#include <utility>

#include "twin_store/journal/segment_reader.h"

namespace doppel {
namespace {

// What comes from outside is refused first, so that a full journal can still be worked off: the lane's and the journal's own
// records have a segment in reserve.
bool comes_from_outside(RecordKind kind) {
  switch (kind) {
    case RecordKind::tick:
    case RecordKind::clock_step:
    case RecordKind::mark:
    case RecordKind::decision:
    case RecordKind::start:
    case RecordKind::end:
    case RecordKind::incarnation: return false;
    default: return true;
  }
}

std::string text_of(Position position) { return std::to_string(to_number(position)); }

}  // namespace

FileJournal::FileJournal(Disk& disk, const Clock& clock, JournalOptions options, std::string folder, std::unique_ptr<DiskLock> lock,
                         RecoveredJournal recovered)
    : disk_(disk),
      clock_(clock),
      options_(std::move(options)),
      folder_(std::move(folder)),
      supply_(disk, folder_, options_.segment_bytes),
      retention_(disk, segments_, std::move(recovered.quarantine)),
      published_(recovered.report.last),
      synced_(recovered.report.last),
      epoch_(recovered.epoch),
      lock_(std::move(lock)),
      arrivals_(clock, recovered.report.last_arrival),
      writer_(segments_, supply_),
      next_position_(recovered.next_position),
      followed_position_(Position{to_number(recovered.next_position) - 1}),
      settled_(recovered.segments.empty() ? Position::none : recovered.segments.back().segment->header.settled),
      next_number_(recovered.next_number),
      epoch_is_wanted_(needs_new_epoch(recovered.report)),
      end_is_missing_(recovered.report.ending == JournalRecovery::Ending::process_died),
      housekeeper_(options_.sync_interval, options_.run_later,
                   {[this] { (void)sync(); }, [this](std::uint64_t number) { supply_.prepare(number); }}) {
  for (auto& [segment, scan] : recovered.segments) segments_->add(std::move(segment));
}

Result<void> FileJournal::begin() {
  const std::lock_guard lock(append_mutex_);
  if (segments_->newest()) return writer_.open_newest(disk_);
  if (epoch_is_wanted_) return {};  // nothing of the old one is left; begin_epoch makes the first segment
  if (auto begun = begin_segment(); !begun) return begun;
  return writer_.sync();
}

Result<Position> FileJournal::append(const NewRecord& record) {
  const auto position = append_stamped(record);
  if (!position || options_.sync != SyncPolicy::always) return position;
  const std::lock_guard lock(sync_mutex_);
  if (synced_.load() >= *position) return position;  // the sync of another append has carried it
  if (auto synced = sync_published(); !synced) return synced.error();
  return position;
}

Result<Position> FileJournal::append_stamped(const NewRecord& record) {
  const std::lock_guard lock(append_mutex_);
  if (auto checked = check(record); !checked) return checked.error();
  if (auto begun = begin_process(); !begun) return begun.error();
  const auto arrival = stamp();
  if (!arrival) return arrival.error();
  if (auto written = write(record, *arrival); !written) return written.error();
  return last();
}

Result<void> FileJournal::check(const NewRecord& record) const {
  if (is_closed_) return unavailable(folder_ + ": the journal is closed");
  if (auto healthy = failure_.check(); !healthy) return healthy;
  if (epoch_is_wanted_) return conflict(folder_ + ": a tail may be lost or is corrupt: a new epoch must begin before the first append");
  if (record.topic.size() > kMaxTopic)
    return invalid_input("topic of " + std::to_string(record.topic.size()) + " bytes; a record takes at most " + std::to_string(kMaxTopic));
  const auto largest = largest_record(options_.segment_bytes);
  if (record_size(record) > largest)
    return invalid_input("record of " + std::to_string(record_size(record)) + " bytes; at most " + std::to_string(largest) +
                          ", a quarter of a segment, fit");
  return {};
}

// The start record is on the medium before anything else is accepted: otherwise a power cut could leave an earlier end
// record as the last one.
Result<void> FileJournal::begin_process() {
  if (process_has_begun_) return {};
  const auto arrival = stamp();
  if (!arrival) return arrival.error();
  NewRecord start;
  start.kind = RecordKind::start;
  const auto payload = encode(StartPayload{options_.sync, options_.boot_id, options_.program});
  start.payload = payload;
  if (auto written = write(start, *arrival); !written) return written;
  if (auto synced = writer_.sync(); !synced) return fail(synced.error());
  process_has_begun_ = true;
  end_is_missing_ = true;
  return {};
}

Result<Timestamp> FileJournal::stamp() {
  const auto reading = arrivals_.read();
  if (reading.step == Duration::zero()) return reading.time;
  const std::int64_t step = reading.step.count();
  NewRecord record;
  record.kind = RecordKind::clock_step;
  record.payload = {reinterpret_cast<const char*>(&step), sizeof step};
  if (auto written = write(record, reading.time); !written) return written.error();
  return reading.time;
}

Result<void> FileJournal::write(const NewRecord& record, Timestamp arrival) {
  const bool has_room = writer_.has_room(record_size(record));
  if (auto kept = keep_to_budget(record.kind, has_room ? 0 : options_.segment_bytes); !kept) return kept;
  if (!has_room) {
    if (auto begun = begin_segment(); !begun) return begun;
  }
  if (auto written = writer_.write(record, next_position_, arrival); !written) return fail(written.error());
  published_.publish(next_position_);
  followed_position_ = next_position_;
  next_position_ = next(next_position_);
  if (options_.sync == SyncPolicy::interval) housekeeper_.sync_soon();
  if (writer_.is_half_full()) prepare_next_segment();
  return {};
}

std::uint64_t FileJournal::limit_for(RecordKind kind) const {
  return comes_from_outside(kind) ? options_.budget_bytes - options_.segment_bytes : options_.budget_bytes;
}

Result<void> FileJournal::keep_to_budget(RecordKind kind, std::uint64_t more) {
  while (segments_->size_bytes() + more > limit_for(kind)) {
    const auto dropped = retention_.drop_oldest();
    if (!dropped) return fail(dropped.error());
    if (!*dropped) return full();
  }
  return {};
}

Error FileJournal::full() const {
  return limit_exceeded(folder_ + " is full: budget_bytes is " + std::to_string(options_.budget_bytes) + ", " + std::to_string(segments_->size_bytes()) +
                        " are in use from position " + text_of(first()) + " on, and the store has committed only up to " + text_of(retention_.committed()));
}

Result<void> FileJournal::begin_segment() {
  SegmentHeader header;
  header.epoch = epoch();
  header.number = next_number_;
  header.first_position = next_position_;
  header.follows = followed_position_;
  header.created = clock_.wall();
  settled_ = std::max(settled_, std::min(retention_.committed(), synced_.load()));
  header.settled = settled_;
  header.sync = options_.sync;
  header.boot_id = options_.boot_id;
  if (auto begun = writer_.begin_segment(std::move(header)); !begun) return fail(begun.error());
  ++next_number_;
  if (auto dropped = retention_.drop_made_before(clock_.wall() - options_.keep); !dropped) return fail(dropped.error());
  return {};
}

void FileJournal::prepare_next_segment() {
  if (prepared_number_ == next_number_ || segments_->size_bytes() + options_.segment_bytes > limit_for(RecordKind::message)) return;
  prepared_number_ = next_number_;
  housekeeper_.prepare_segment(next_number_);
}

Position FileJournal::last_synced() const { return options_.sync == SyncPolicy::never ? last() : synced_.load(); }

Result<void> FileJournal::sync() {
  const std::lock_guard lock(sync_mutex_);
  return sync_published();
}

Result<void> FileJournal::sync_published() {
  Position target;
  std::vector<std::shared_ptr<DiskFile>> files;
  {
    const std::lock_guard lock(append_mutex_);
    if (auto healthy = failure_.check(); !healthy) return healthy;
    target = last();
    if (target == synced_.load()) return {};
    files = writer_.take_unsynced();
  }
  for (const auto& file : files) {
    if (auto synced = file->sync(); !synced) return fail(synced.error());
  }
  synced_ = target;
  if (on_synced_) on_synced_(target);
  return {};
}

Result<void> FileJournal::begin_epoch(Position above) {
  if (auto synced = sync(); !synced) return synced;
  const std::lock_guard lock(append_mutex_);
  if (is_closed_) return unavailable(folder_ + ": the journal is closed");
  if (auto healthy = failure_.check(); !healthy) return healthy;
  if (auto kept = keep_to_budget(RecordKind::start, options_.segment_bytes); !kept) return kept;
  followed_position_ = std::max(last(), above);
  next_position_ = Position{std::max(to_number(next_position_), to_number(above)) + kEpochGap};
  epoch_ = Epoch{to_number(epoch()) + 1};
  if (auto begun = begin_segment(); !begun) return begun;
  epoch_is_wanted_ = false;
  process_has_begun_ = false;
  return begin_process();
}

void FileJournal::wait_for_append(Position seen, std::optional<Duration> monotonic_deadline) {
  std::optional<Duration> timeout;
  if (monotonic_deadline) timeout = *monotonic_deadline - clock_.monotonic();
  published_.wait(seen, timeout);
}

void FileJournal::on_synced(std::function<void(Position)> listener) {
  const std::lock_guard lock(sync_mutex_);
  on_synced_ = std::move(listener);
}

Result<std::unique_ptr<JournalReader>> FileJournal::read_after(Position after) {
  if (after > last()) return not_found(folder_ + ": position " + text_of(after) + " is beyond the last, " + text_of(last()));
  const auto oldest = segments_->oldest();
  if (!oldest || after < oldest->header.follows)
    return not_found(folder_ + ": position " + text_of(next(after)) + " is not kept any more; the oldest is " + text_of(first()));
  return SegmentReader::open(disk_, segments_, segments_->holding(after), after);
}

Position FileJournal::first() const {
  const auto oldest = segments_->oldest();
  return oldest && oldest->header.first_position <= last() ? oldest->header.first_position : Position::none;
}

void FileJournal::set_committed(Position position) {
  retention_.set_committed(position);
  if (auto dropped = retention_.drop_made_before(clock_.wall() - options_.keep); !dropped) fail(dropped.error());
}

bool FileJournal::waits_for_commit() const {
  const bool is_full = segments_->size_bytes() + options_.segment_bytes > limit_for(RecordKind::message);
  return is_full && !segments_->can_take_oldest(retention_.committed());
}

Result<void> FileJournal::takes_messages() const {
  if (auto healthy = failure_.check(); !healthy) return healthy;
  const std::unique_lock lock(append_mutex_, std::try_to_lock);
  if (!lock) return {};  // an append is at work: it will say
  if (auto checked = check({}); !checked) return checked;
  return !writer_.has_room(record_size({})) && waits_for_commit() ? Result<void>(full()) : Result<void>();
}

Result<void> FileJournal::close() {
  housekeeper_.stop();
  Result<void> ended;
  {
    const std::lock_guard lock(append_mutex_);
    if (is_closed_) return {};
    is_closed_ = true;
    ended = write_end();
  }
  const auto synced = sync();
  const std::lock_guard lock(append_mutex_);
  lock_.reset();
  return ended ? synced : ended;
}

// Nothing where the last record is an end record still, or where only a new epoch may go on.
Result<void> FileJournal::write_end() {
  if (!end_is_missing_ || epoch_is_wanted_) return {};
  if (auto healthy = failure_.check(); !healthy) return healthy;
  if (auto begun = begin_process(); !begun) return begun;
  const auto arrival = stamp();
  if (!arrival) return arrival.error();
  NewRecord end;
  end.kind = RecordKind::end;
  return write(end, *arrival);
}

Error FileJournal::fail(Error error) {
  auto first = failure_.set(std::move(error));
  published_.wake();  // so that the lane looks, though nothing is appended any more
  return first;
}

}  // namespace doppel

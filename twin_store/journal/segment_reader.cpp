#include "twin_store/journal/segment_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace doppel {
namespace {

constexpr std::size_t kChunkSize = 256 * 1024;
// Of records, after which one read() returns: a batch of large ones stays bounded.
constexpr std::uint64_t kReadBytes = 4u << 20;

bool is_known(RecordKind kind) { return kind >= RecordKind::message && static_cast<std::uint8_t>(kind) <= kLastRecordKind; }

}  // namespace

Result<std::unique_ptr<JournalReader>> SegmentReader::open(Disk& disk, std::shared_ptr<const SegmentList> list,
                                                           std::shared_ptr<Segment> segment, Position after) {
  std::unique_ptr<SegmentReader> reader(new SegmentReader(disk, std::move(list)));
  if (auto entered = reader->enter(std::move(segment)); !entered) return entered.error();
  while (true) {
    const auto frame = reader->loaded_record();
    if (frame && frame->position > after) break;
    if (frame) {
      reader->advance(*frame);
      continue;
    }
    reader->free_earlier();
    const auto progress = reader->make_progress();
    if (!progress) return progress.error();
    if (!*progress) break;
  }
  return std::unique_ptr<JournalReader>(std::move(reader));
}

Result<void> SegmentReader::read(std::size_t limit, Views views, std::vector<Record>& records) {
  if (views == Views::free_earlier) free_earlier();
  std::uint64_t bytes = 0;
  for (std::size_t taken = 0; taken < limit && bytes < kReadBytes;) {
    if (const auto frame = loaded_record()) {
      records.push_back(to_record(*frame, segment_->header.epoch, loaded()));
      advance(*frame);
      bytes += frame->size;
      ++taken;
      continue;
    }
    const auto progress = make_progress();
    // What was read before the trouble is handed out first.
    if (!progress && taken == 0) return progress.error();
    if (!progress || !*progress) break;
  }
  return {};
}

std::optional<RecordFrame> SegmentReader::loaded_record() const {
  if (next_bad_ < segment_->bad.size() && offset_ == segment_->bad[next_bad_].first) return std::nullopt;
  const auto bytes = loaded();
  const auto frame = decode_frame(bytes, segment_->header.seed);
  if (!frame || frame->size > bytes.size() || frame->position <= last_ || !is_known(frame->kind)) return std::nullopt;
  return is_body_intact(*frame, bytes) ? frame : std::nullopt;
}

void SegmentReader::advance(const RecordFrame& frame) {
  offset_ += frame.size;
  last_ = frame.position;
}

std::string_view SegmentReader::loaded() const {
  const auto at = offset_ - chunk_.offset;
  return at < chunk_.filled ? std::string_view(chunk_.bytes.get() + at, chunk_.filled - at) : std::string_view();
}

Result<bool> SegmentReader::make_progress() {
  if (next_bad_ < segment_->bad.size() && offset_ == segment_->bad[next_bad_].first) {
    offset_ = segment_->bad[next_bad_++].last;
    return true;
  }
  const auto end = segment_->end.load(std::memory_order_acquire);
  if (offset_ >= end) return segment_->end_is_exact ? at_end() : at_no_record();
  const auto bytes = loaded();
  if (bytes.size() < std::min<std::uint64_t>(kRecordHeaderSize, end - offset_)) return load(kRecordHeaderSize, end);
  const auto frame = decode_frame(bytes, segment_->header.seed);
  if (!frame || frame->position <= last_ || frame->size > end - offset_) return at_no_record();
  if (frame->size > bytes.size()) return load(frame->size, end);
  if (is_body_intact(*frame, bytes) && !is_known(frame->kind))
    return conflict(place() + ": record kind " + std::to_string(static_cast<int>(frame->kind)) + " at position " +
                    std::to_string(to_number(frame->position)) + " was written by a newer program");
  return at_no_record();
}

Result<bool> SegmentReader::at_end() {
  const auto following = list_->next_of(*segment_);
  if (!following) return false;
  if (offset_ < segment_->end) return true;  // filled up before the next was begun
  return enter_following(following);
}

// Right where a segment that opening did not read has its end, corruption elsewhere.
Result<bool> SegmentReader::at_no_record() {
  const auto following = list_->next_of(*segment_);
  const bool behind_bad = next_bad_ > 0 && offset_ == segment_->bad[next_bad_ - 1].last;
  if (following && !segment_->end_is_exact && (behind_bad || is_next(*following))) return enter_following(following);
  return corrupt_data(place() + ": no record, though there are more; the one before has position " + std::to_string(to_number(last_)));
}

bool SegmentReader::is_next(const Segment& following) const {
  return following.header.follows <= last_ || following.header.epoch != segment_->header.epoch;
}

Result<bool> SegmentReader::enter_following(const std::shared_ptr<Segment>& following) {
  if (following->header.follows > last_ && list_->oldest()->header.number > segment_->header.number)
    return not_found(place() + ": retention has removed the records behind position " + std::to_string(to_number(last_)));
  if (auto entered = enter(following); !entered) return entered.error();
  return true;
}

Result<void> SegmentReader::enter(std::shared_ptr<Segment> segment) {
  auto file = disk_.open(segment->path, Disk::Mode::open_existing);
  if (!file) return file.error();
  if (chunk_.filled > 0) earlier_.push_back(std::exchange(chunk_, {}));
  segment_ = std::move(segment);
  file_ = std::move(*file);
  offset_ = kFirstRecordOffset;
  chunk_.offset = offset_;
  last_ = std::max(last_, Position{to_number(segment_->header.first_position) - 1});
  next_bad_ = 0;
  while (next_bad_ < segment_->bad.size() && segment_->bad[next_bad_].first < offset_) ++next_bad_;  // a header page
  return {};
}

// Reads on until at least `needed` bytes of the next record are loaded; as much as the chunk takes, not past `end`.
Result<bool> SegmentReader::load(std::uint64_t needed, std::uint64_t end) {
  const auto wanted = std::min(needed, end - offset_);
  const bool continues = chunk_.bytes && offset_ - chunk_.offset <= chunk_.filled;
  if (!continues || offset_ - chunk_.offset + wanted > chunk_.capacity) begin_chunk(wanted);
  const auto from = chunk_.offset + chunk_.filled;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.capacity - chunk_.filled, end - from));
  const auto read = file_->read_at(from, chunk_.bytes.get() + chunk_.filled, size);
  if (!read) return read.error();
  chunk_.filled += *read;
  std::memset(chunk_.bytes.get() + chunk_.filled, 0, kReadablePadding);
  if (loaded().size() < wanted) return corrupt_data(place() + ": the file ends within a record");
  return true;
}

void SegmentReader::begin_chunk(std::size_t capacity) {
  if (chunk_.filled > 0) earlier_.push_back(std::move(chunk_));
  chunk_ = std::exchange(spare_, {});
  if (!chunk_.bytes || chunk_.capacity < capacity) {
    chunk_.capacity = std::max(kChunkSize, capacity);
    chunk_.bytes = std::make_unique_for_overwrite<char[]>(chunk_.capacity + kReadablePadding);
  }
  chunk_.filled = 0;
  chunk_.offset = offset_;
}

void SegmentReader::free_earlier() {
  if (chunk_.bytes && loaded().empty()) {
    earlier_.push_back(std::exchange(chunk_, {}));
    chunk_.offset = offset_;
  }
  for (auto& chunk : earlier_) {
    if (chunk.capacity == kChunkSize) spare_ = std::move(chunk);
  }
  earlier_.clear();
}

std::string SegmentReader::place() const { return segment_->path + ", offset " + std::to_string(offset_); }

}  // namespace doppel

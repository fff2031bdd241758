#include "twin_store/journal/segment_scan.h"

#include <algorithm>
#include <cstring>

namespace doppel {
namespace {

std::uint64_t word_at(std::string_view bytes, std::uint64_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(sizeof word, bytes.size() - at));
  return word;
}

// The first aligned offset from `at` on whose word is not zero; the size where all are.
std::uint64_t skip_zeros(std::string_view bytes, std::uint64_t at) {
  while (at < bytes.size() && word_at(bytes, at) == 0) at += kRecordAlignment;
  return std::min<std::uint64_t>(at, bytes.size());
}

// Behind the last byte that is not zero, rounded up to a word, and at least `from`.
std::uint64_t end_of_content(std::string_view bytes, std::uint64_t from) {
  auto end = (bytes.size() + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
  while (end > from && word_at(bytes, end - kRecordAlignment) == 0) end -= kRecordAlignment;
  return std::max<std::uint64_t>(from, std::min<std::uint64_t>(end, bytes.size()));
}

class Scanner {
 public:
  Scanner(std::string_view bytes, const SegmentHeader& header, const RecordVisitor& visit) : bytes_(bytes), header_(header), visit_(visit) {
    scan_.last = Position{to_number(header.first_position) - 1};
  }

  SegmentScan run() {
    content_end_ = end_of_content(bytes_, kFirstRecordOffset);
    std::uint64_t at = kFirstRecordOffset;
    while (true) {
      if (const auto frame = valid_record(at)) {
        accept(*frame, at);
        at += frame->size;
        continue;
      }
      const auto successor = find_successor(at);
      if (!successor) break;
      scan_.bad.push_back({at, *successor, scan_.last, decode_frame(bytes_.substr(*successor), header_.seed)->position});
      at = *successor;
    }
    scan_.end = at;
    scan_.tail_end = std::max(at, content_end_);
    return std::move(scan_);
  }

 private:
  std::optional<RecordFrame> valid_frame(std::uint64_t at) const {
    if (at >= content_end_) return std::nullopt;
    const auto frame = decode_frame(bytes_.substr(at), header_.seed);
    const bool valid = frame && frame->position > scan_.last && frame->size <= bytes_.size() - at;
    return valid ? frame : std::nullopt;
  }

  std::optional<RecordFrame> valid_record(std::uint64_t at) const {
    const auto frame = valid_frame(at);
    return frame && is_body_intact(*frame, bytes_.substr(at)) ? frame : std::nullopt;
  }

  std::optional<std::uint64_t> find_successor(std::uint64_t bad) const {
    const auto frame = valid_frame(bad);
    for (auto at = bad + (frame ? frame->size : kRecordAlignment); at < content_end_; at += kRecordAlignment) {
      at = skip_zeros(bytes_, at);
      if (valid_record(at)) return at;
    }
    return std::nullopt;
  }

  void accept(const RecordFrame& frame, std::uint64_t at) {
    const auto record = to_record(frame, header_.epoch, bytes_.substr(at, frame.size));
    ++scan_.records;
    scan_.last = frame.position;
    scan_.last_arrival = frame.arrival;
    scan_.last_kind = frame.kind;
    if (frame.kind == RecordKind::start) scan_.last_start = decode_start(record.payload);
    if (visit_) visit_(record);
  }

  const std::string_view bytes_;
  const SegmentHeader& header_;
  const RecordVisitor& visit_;
  std::uint64_t content_end_ = 0;
  SegmentScan scan_;
};

}  // namespace

SegmentScan scan_segment(std::string_view bytes, const SegmentHeader& header, const RecordVisitor& visit) {
  return Scanner(bytes, header, visit).run();
}

}  // namespace doppel

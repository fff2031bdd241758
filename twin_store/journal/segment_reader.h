// The cursor over a list of segments: big reads, records checked and viewed where they lie.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "twin_store/journal/journal.h"
#include "twin_store/journal/segment_list.h"

namespace doppel {

// Borrows: the disk. Shares: the list, so that a reader outlives its journal.
class SegmentReader final : public JournalReader {
 public:
  // From the first record behind `after`; `segment` holds it or comes before it.
  static Result<std::unique_ptr<JournalReader>> open(Disk& disk, std::shared_ptr<const SegmentList> list, std::shared_ptr<Segment> segment,
                                                     Position after);

  Result<void> read(std::size_t limit, Views views, std::vector<Record>& records) override;

 private:
  // A piece of a segment in memory, with kReadablePadding bytes behind what is filled.
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;
    std::size_t filled = 0;
    std::uint64_t offset = 0;  // of bytes[0] in the segment
  };

  SegmentReader(Disk& disk, std::shared_ptr<const SegmentList> list) : disk_(disk), list_(std::move(list)) {}

  // The next record, if it lies whole and valid in the chunk.
  std::optional<RecordFrame> loaded_record() const;
  void advance(const RecordFrame& frame);
  std::string_view loaded() const;  // from the next record on

  // What is between the reader and the next record: false when there is none yet.
  Result<bool> make_progress();
  Result<bool> at_end();
  Result<bool> at_no_record();
  bool is_next(const Segment& following) const;
  Result<bool> enter_following(const std::shared_ptr<Segment>& following);
  Result<void> enter(std::shared_ptr<Segment> segment);
  Result<bool> load(std::uint64_t needed, std::uint64_t end);
  void begin_chunk(std::size_t capacity);
  void free_earlier();
  std::string place() const;

  Disk& disk_;
  const std::shared_ptr<const SegmentList> list_;
  std::shared_ptr<Segment> segment_;
  std::unique_ptr<DiskFile> file_;
  std::uint64_t offset_ = kFirstRecordOffset;  // of the next record
  Position last_ = Position::none;             // of the record before it
  std::size_t next_bad_ = 0;                   // index in segment_->bad
  Chunk chunk_;
  std::vector<Chunk> earlier_;  // hold the views of earlier reads
  Chunk spare_;
};

}  // namespace doppel

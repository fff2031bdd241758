// The end of the journal: the segment that is being filled.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "twin_store/journal/segment_list.h"
#include "twin_store/journal/segment_supply.h"

namespace doppel {

// Thread: one at a time. Errors: those of the disk; after one the writer is not to be used.
class SegmentWriter {
 public:
  SegmentWriter(std::shared_ptr<SegmentList> segments, SegmentSupply& supply) : segments_(std::move(segments)), supply_(supply) {}

  // Goes on behind what the newest segment holds.
  Result<void> open_newest(Disk& disk);
  // header.number names the file. Readers see the segment from now on.
  Result<void> begin_segment(SegmentHeader header);

  bool has_room(std::uint64_t bytes) const { return newest_ && bytes <= newest_->size - newest_->end; }
  bool is_half_full() const { return newest_->end > newest_->size / 2; }
  // One write; readers see the record when it is done.
  Result<void> write(const NewRecord& record, Position position, Timestamp arrival);

  // What may hold unsynced bytes: the present file, and those filled since the last call.
  std::vector<std::shared_ptr<DiskFile>> take_unsynced();
  Result<void> sync();

 private:
  const std::shared_ptr<SegmentList> segments_;
  SegmentSupply& supply_;
  std::shared_ptr<Segment> newest_;
  std::shared_ptr<DiskFile> file_;                  // of newest_
  std::vector<std::shared_ptr<DiskFile>> filled_;
  std::string buffer_;
};

}  // namespace doppel

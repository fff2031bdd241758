// The segments of a journal in order, as writer and readers share them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "twin_store/journal/format.h"

namespace doppel {

struct ByteRange {
  std::uint64_t first = 0, last = 0;  // [first, last)
};

// What is known of a segment file. Constant once it is in the list, but for `end`.
struct Segment {
  SegmentHeader header;
  std::string path;            // on the journal's Disk
  std::uint64_t size = 0;      // of the file
  std::vector<ByteRange> bad;  // quarantined, in order; readers go on behind them
  // False for a segment that opening had no reason to read: `end` is then its size, and the records may end before it.
  bool end_is_exact = true;
  std::atomic<std::uint64_t> end = kFirstRecordOffset;  // behind the last published record; grows in the newest segment only
};

// Thread: any.
class SegmentList {
 public:
  void add(std::shared_ptr<Segment> segment);
  // nullptr where there is none.
  std::shared_ptr<Segment> oldest() const;
  std::shared_ptr<Segment> newest() const;
  std::shared_ptr<Segment> next_of(const Segment& segment) const;
  // The segment of the first record behind `after`, be it there yet or not.
  std::shared_ptr<Segment> holding(Position after) const;
  // Takes the oldest out if it is not the newest, all of it is at or before `committed`, and the segment behind it was made
  // before `older_than`.
  std::shared_ptr<Segment> take_oldest(Position committed, Timestamp older_than);
  bool can_take_oldest(Position committed) const;  // of any age
  std::uint64_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;  // guards segments_
  std::deque<std::shared_ptr<Segment>> segments_;
  std::atomic<std::uint64_t> size_bytes_ = 0;
};

}  // namespace doppel

#include "twin_store/journal/segment_list.h"

#include <algorithm>
#include <utility>

namespace doppel {

void SegmentList::add(std::shared_ptr<Segment> segment) {
  const std::lock_guard lock(mutex_);
  size_bytes_ += segment->size;
  segments_.push_back(std::move(segment));
}

std::shared_ptr<Segment> SegmentList::oldest() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? nullptr : segments_.front();
}

std::shared_ptr<Segment> SegmentList::newest() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? nullptr : segments_.back();
}

std::shared_ptr<Segment> SegmentList::next_of(const Segment& segment) const {
  const std::lock_guard lock(mutex_);
  const auto next = std::upper_bound(segments_.begin(), segments_.end(), segment.header.number,
                                     [](std::uint64_t number, const auto& other) { return number < other->header.number; });
  return next == segments_.end() ? nullptr : *next;
}

std::shared_ptr<Segment> SegmentList::holding(Position after) const {
  const std::lock_guard lock(mutex_);
  if (segments_.empty()) return nullptr;
  const auto behind = std::upper_bound(segments_.begin(), segments_.end(), next(after),
                                       [](Position wanted, const auto& segment) { return wanted < segment->header.first_position; });
  return behind == segments_.begin() ? segments_.front() : *std::prev(behind);
}

bool SegmentList::can_take_oldest(Position committed) const {
  const std::lock_guard lock(mutex_);
  return segments_.size() >= 2 && segments_[1]->header.follows <= committed;
}

std::shared_ptr<Segment> SegmentList::take_oldest(Position committed, Timestamp older_than) {
  const std::lock_guard lock(mutex_);
  if (segments_.size() < 2) return nullptr;
  const auto& following = segments_[1]->header;
  if (following.follows > committed || following.created >= older_than) return nullptr;
  auto taken = std::move(segments_.front());
  segments_.pop_front();
  size_bytes_ -= taken->size;
  return taken;
}

}  // namespace doppel

// What may go from the old end: whole segments, never past the committed position.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "twin_store/journal/quarantine.h"
#include "twin_store/journal/segment_list.h"

namespace doppel {

// Thread: any. Borrows: the disk.
class Retention {
 public:
  Retention(Disk& disk, std::shared_ptr<SegmentList> segments, Quarantine quarantine)
      : disk_(disk), segments_(std::move(segments)), quarantine_(std::move(quarantine)) {}

  void set_committed(Position position);  // lower ones than before are ignored
  Position committed() const { return committed_.load(); }

  // Removes the oldest segment, and with it what quarantine holds of it. False when none may go.
  Result<bool> drop_oldest();
  Result<void> drop_made_before(Timestamp time);

 private:
  Result<bool> drop(Timestamp older_than);

  Disk& disk_;
  const std::shared_ptr<SegmentList> segments_;
  std::atomic<Position> committed_ = Position::none;
  std::mutex mutex_;  // guards quarantine_
  Quarantine quarantine_;
};

}  // namespace doppel

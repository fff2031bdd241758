// The journal over segment files. Locks are taken in this order: sync, append, then those inside the parts.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "twin_store/journal/arrival_clock.h"
#include "twin_store/journal/housekeeper.h"
#include "twin_store/journal/journal.h"
#include "twin_store/journal/published_position.h"
#include "twin_store/journal/recovery.h"
#include "twin_store/journal/retention.h"
#include "twin_store/journal/segment_list.h"
#include "twin_store/journal/segment_supply.h"
#include "twin_store/journal/segment_writer.h"
#include "twin_store/journal/sticky_failure.h"

namespace doppel {

class FileJournal final : public Journal {
 public:
  // Borrows: disk and clock.
  FileJournal(Disk& disk, const Clock& clock, JournalOptions options, std::string folder, std::unique_ptr<DiskLock> lock,
              RecoveredJournal recovered);

  // Goes on in the newest segment, or makes the first.
  Result<void> begin();

  Result<Position> append(const NewRecord& record) override;
  Position last() const override { return published_.get(); }
  Position last_synced() const override;
  Epoch epoch() const override { return epoch_.load(); }
  Result<void> sync() override;
  Result<void> begin_epoch(Position above) override;
  void wait_for_append(Position seen, std::optional<Duration> monotonic_deadline) override;
  void wake() override { published_.wake(); }
  void on_synced(std::function<void(Position)> listener) override;
  Result<std::unique_ptr<JournalReader>> read_after(Position after) override;
  Position first() const override;
  void set_committed(Position position) override;
  bool waits_for_commit() const override;
  std::uint64_t size_bytes() const override { return segments_->size_bytes(); }
  Result<void> takes_messages() const override;
  Result<void> close() override;

 private:
  // Under the append lock.
  Result<Position> append_stamped(const NewRecord& record);
  Result<void> check(const NewRecord& record) const;
  Result<void> begin_process();
  Result<void> write_end();
  Result<Timestamp> stamp();
  Result<void> write(const NewRecord& record, Timestamp arrival);
  Result<void> keep_to_budget(RecordKind kind, std::uint64_t more);
  Result<void> begin_segment();
  void prepare_next_segment();

  Result<void> sync_published();  // under the sync lock
  std::uint64_t limit_for(RecordKind kind) const;
  Error full() const;
  Error fail(Error error);

  Disk& disk_;
  const Clock& clock_;
  const JournalOptions options_;
  const std::string folder_;
  const std::shared_ptr<SegmentList> segments_ = std::make_shared<SegmentList>();
  SegmentSupply supply_;
  Retention retention_;
  StickyFailure failure_;
  PublishedPosition published_;
  std::atomic<Position> synced_;
  std::atomic<Epoch> epoch_;

  std::mutex sync_mutex_;  // held during a sync; guards on_synced_
  std::function<void(Position)> on_synced_;

  mutable std::mutex append_mutex_;  // guards what follows
  std::unique_ptr<DiskLock> lock_;
  ArrivalClock arrivals_;
  SegmentWriter writer_;
  Position next_position_;
  Position followed_position_;  // before it; further back where an epoch begins
  Position settled_;  // see SegmentHeader; also what an earlier process knew
  std::uint64_t next_number_;
  std::uint64_t prepared_number_ = 0;
  bool epoch_is_wanted_;            // recovery found what only a new epoch answers
  bool process_has_begun_ = false;  // its start record is written
  bool end_is_missing_;             // what was written last is not an end record
  bool is_closed_ = false;

  Housekeeper housekeeper_;  // last: its thread uses the others
};

}  // namespace doppel

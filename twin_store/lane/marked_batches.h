// The batches of a journal as its marks fix them, for a replay.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "twin_store/journal/journal.h"
#include "twin_store/lane/fold.h"
#include "twin_store/lane/lane_records.h"
#include "twin_store/model/result.h"

namespace doppel {

// How many of `records` make a batch of at most `most`: a control record stands alone, and ends the batch before it.
std::size_t batch_length(std::span<const Record> records, std::size_t most);

struct MarkedBatch {
  Position mark_position = Position::none;
  Epoch epoch = Epoch::first;              // of the mark
  Mark mark;
  std::vector<Decision> decisions;
  std::span<const Record> records;         // live until the next call of next()
  // The mark was quarantined: borders are made anew, and the position of the first record, which no mark has, stands for it.
  bool mark_is_lost = false;
  bool is_newest = false;                  // no mark follows: its decisions may not all have been journaled
};

// Thread: one at a time.
// Two cursors: one runs ahead and keeps marks and decisions alone, the other follows and holds the records of one batch. So memory
// does not depend on how far a mark lies behind its records.
class MarkedBatches {
 public:
  // The batches that end behind `after`. The journal must not grow meanwhile. Errors: as of read_after.
  static Result<std::unique_ptr<MarkedBatches>> open(Journal& journal, Position after, std::size_t most_records);

  // False: no mark is left; what follows belongs to no batch yet. Errors: as of JournalReader, corrupt_data (a mark that does
  // not decode).
  Result<bool> next(MarkedBatch& batch);

 private:
  struct Found {
    Position position;
    Epoch epoch;
    Mark mark;
    std::vector<Decision> decisions;
  };

  MarkedBatches(std::unique_ptr<JournalReader> ahead, std::unique_ptr<JournalReader> following, Position after, std::size_t most_records)
      : ahead_(std::move(ahead)), following_(std::move(following)), after_(after), most_records_(most_records), last_read_(after) {}
  Result<void> look_ahead();
  Result<void> note(const Record& record);
  Result<void> read_up_to(Position last);

  std::unique_ptr<JournalReader> ahead_, following_;
  const Position after_;
  const std::size_t most_records_;
  std::deque<Found> marks_;        // not yet given out
  bool ahead_is_at_end_ = false;
  std::vector<Record> buffer_;     // of one read
  std::vector<Record> pending_;    // read by the following cursor
  std::size_t next_pending_ = 0;   // the first that is not yet given out
  Position last_read_;             // by the following cursor
};

}  // namespace doppel

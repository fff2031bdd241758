// What the world knows of one body of state, from the empty disk on: which records were accepted, which batches they were applied in,
// and what those made.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "twin_store/journal/journal.h"
#include "twin_store/lane/fold.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/record.h"

namespace doppel::simulation {

struct AcceptedRecord {
  RecordKind kind = RecordKind::message;
  Delivery delivery;
  std::string topic, payload;
  Timestamp arrival;  // known once the record was read
};

struct AppliedBatch {
  Incarnation incarnation;
  Epoch epoch = Epoch::first;
  std::vector<Position> records;
  std::vector<OutboxRow> rows;  // under their keys
  std::uint64_t digest = 0;     // of both
};

// How a process ended, as far as its journal is concerned.
struct Ending {
  bool lost_power = false;
  Position synced = Position::none;  // what a power cut may not take
  bool left_corruption = false;      // records were quarantined: what behind them is applied again may come out otherwise
};

class Ledger {
 public:
  void accept(Position position, const NewRecord& record);
  // Throws Broken where the same mark makes something else than before, or a record was never accepted.
  void apply(const Batch& batch, const std::vector<OutboxRow>& rows);
  void begin_process() { applied_now_.clear(); }

  // What the journal holds after a recovery, against what was accepted. Throws Broken where something is gone that may not be. Returns
  // how many records were lawfully lost. Errors: those of reading.
  Result<std::uint64_t> recovered(Journal& journal, const Ending& ending, Position committed);

  const std::map<Position, AcceptedRecord>& accepted() const { return accepted_; }
  const std::map<Position, AppliedBatch>& batches() const { return batches_; }
  Position first_kept() const { return first_kept_; }

  bool had_corruption() const { return had_corruption_; }

 private:
  Result<void> read_all(Journal& journal, std::set<Position>& found);
  void forget(Position position);
  void forget_overlapping(const AppliedBatch& applied);

  std::map<Position, AcceptedRecord> accepted_;
  std::map<Position, AppliedBatch> batches_;  // by mark
  std::map<Position, int> applied_now_;       // marks, by this process
  Position first_kept_{1};
  bool had_corruption_ = false;
};

}  // namespace doppel::simulation

// What a lane runs: pure logic that turns batches of records into state and outbox rows. The edge's fold is the pipeline,
// the coordinator's is the merge. A Fold reads no clock, no randomness, no file: the same batches give the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/record.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

// An outcome that need not be the same on every machine, such as a failed allocation. Journaled before the effects of its
// batch leave; a replay obeys it instead of trying again.
struct Decision {
  Position origin = Position::none;  // of the record at work
  std::string subject;               // whose work it was: a function's name
  std::string outcome;
};

struct Batch {
  Incarnation incarnation;
  Epoch epoch = Epoch::first;
  Position mark = Position::none;       // of the mark record that fixes the borders
  std::span<const Record> records;      // in journal order; one control record, or any number of others
  std::span<const Decision> decisions;  // to obey; empty when the batch is run for the first time
  bool is_replay = false;               // it was run before: what could have been decided, and was not, went well then
};

// What a batch made. The lane clears and reuses it.
struct BatchOutput {
  std::vector<OutboxRow> rows;      // in the order of their ordinals; `key` is filled in by the lane
  std::vector<Decision> decisions;  // taken now, to be journaled; empty in a replay that obeys all of them
  void clear() { rows.clear(), decisions.clear(); }
};

// Thread: the lane's, for every call.
class Fold {
 public:
  virtual ~Fold() = default;

  // The fold tables, with their names as the store keeps them.
  virtual std::span<const std::string_view> tables() const = 0;
  // Names the code and settings that decide what a batch does; a replay under another version says so.
  virtual std::string version() const = 0;

  // Called once, before the first batch.
  virtual Result<void> load(const StoreReader& store) = 0;

  // Expected failures (bad payloads, failing functions) are outcomes inside the fold. An error here stops the lane.
  virtual Result<void> apply(const Batch& batch, BatchOutput& output) = 0;

  // When a tick record is wanted, if nothing else arrives before.
  virtual std::optional<Timestamp> next_due() const = 0;

  // Rows changed since the last call, each once; the caller commits them in one transaction.
  virtual void take_changes(std::vector<RowChange>& changes) = 0;
  virtual std::size_t dirty_bytes() const = 0;

  // A new incarnation begins: contributions to sums above start empty. Called before the batch of its record.
  virtual void begin_incarnation(const Incarnation& incarnation) = 0;
};

}  // namespace doppel

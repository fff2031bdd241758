// Copies of the store, from which it is made again when its file is damaged. The journal is kept from the newest on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "twin_store/journal/journal.h"
#include "twin_store/model/disk.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/store/store.h"

namespace doppel {

// The base of an epoch, where a replay of it begins; and what a snapshot at a position is called.
std::string base_name(Epoch epoch);
std::string snapshot_name(Position position);

struct SnapshotOptions {
  std::string folder;                        // on the disk
  std::string path;                          // the same for SQLite
  Duration interval = std::chrono::hours(6);
  std::uint64_t journal_bytes = 512u << 20;  // a snapshot is made also when about so much was journaled since the last one
};

// Thread: one at a time, that of the commits.
class Snapshots {
 public:
  // Borrows disk and clock. Errors: unavailable (the folder cannot be read).
  static Result<Snapshots> open(Disk& disk, const Clock& clock, SnapshotOptions options);

  // Makes one when it is time; then older ones go, and the bases of earlier epochs.
  Result<void> after_commit(Store& store, const Journal& journal, const Checkpoint& committed);
  // What the newest one holds. Only up to here may the journal be cut.
  Position newest() const { return newest_; }

 private:
  Snapshots(Disk& disk, const Clock& clock, SnapshotOptions options) : disk_(&disk), clock_(&clock), options_(std::move(options)) {}
  bool is_due(const Journal& journal, Position committed) const;
  Result<void> remove_older(Epoch epoch);

  Disk* disk_;
  const Clock* clock_;
  SnapshotOptions options_;
  Position newest_ = Position::none;
  Duration made_at_{0};  // monotonic; at first when this was opened
};

struct Restored {
  std::string why;        // what was wrong with the store
  std::string set_aside;  // where its file is now
  std::string from;       // the snapshot; "" : none, the journal holds everything
};

// Opens the store, and checks every page and row of it. One that is damaged is set aside under another name, and the newest snapshot
// from which the journal goes on takes its place, or an empty store where the journal is whole: what followed is then replayed.
// Errors: those of open_store; corrupt_data also when nothing is left to make it from: the damaged file stays where it is, and the
// message says what would be lost.
Result<std::unique_ptr<Store>> open_or_restore(Disk& disk, const StoreOptions& options, const SnapshotOptions& snapshots, const Journal& journal,
                                               std::optional<Restored>& restored);

}  // namespace doppel

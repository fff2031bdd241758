// The journal of a lane: an append-only sequence of records in CRC-checked segment files. Appending is accepting.
// `twin_store/journal/journal_format.md` gives the bytes; rules are named there.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "twin_store/model/disk.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/record.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel {

enum class SyncPolicy : std::uint8_t { never = 0, interval = 1, always = 2 };

struct JournalOptions {
  SyncPolicy sync = SyncPolicy::interval;
  std::chrono::milliseconds sync_interval{100};
  std::uint64_t segment_bytes = 16u << 20;   // also the largest record is at most a quarter of this
  std::uint64_t budget_bytes = 1u << 30;     // appends fail with limit_exceeded beyond it
  Duration keep = std::chrono::hours(24);    // older whole segments go, never past the committed position
  std::string boot_id;                       // of the running system
  std::string program;                       // name and version of the writer, kept in its start record
  // Who does the journal's housekeeping (a sync some time after an append, the file of the next segment): called with the work and
  // how long from now it is due. The work may be done on any thread, or dropped, but not after the journal is gone. Empty: a thread
  // of the journal's own.
  std::function<void(Duration from_now, std::function<void()> work)> run_later = {};
};

// What opening found. Said in the log by whoever opens.
struct JournalRecovery {
  enum class Ending { fresh, clean, process_died, tail_may_be_lost };
  struct BadRange {
    std::string file;                         // the segment; a copy of the bytes lies in the journal's quarantine folder
    std::uint64_t first_offset, last_offset;  // [first, last); equal where records are missing without a trace
    Position before, after;                   // the valid records around it; none where nothing is known
  };
  Ending ending = Ending::fresh;
  Position last = Position::none;              // last valid record
  Timestamp last_arrival;                      // its arrival
  std::uint64_t torn_bytes = 0;                // cut from the end
  std::vector<BadRange> corrupt;               // quarantined; valid records follow each
};

// True when only a new epoch answers what was found: until then nothing can be appended.
bool needs_new_epoch(const JournalRecovery& recovery);

// A cursor. Goes on behind quarantined bytes. Thread: one at a time; any number of readers beside appends.
class JournalReader {
 public:
  virtual ~JournalReader() = default;
  // Appends up to `limit` records that follow the last one read, in order, to `records`; fewer (but at least one) when they
  // come to more than 4 MiB, none at the present end. The views live until the next call with free_earlier.
  // Errors, the same on every later call: corrupt_data (bytes that opening has not found are no record), not_found (retention
  // overtook the reader), conflict (a record kind of a newer program), unavailable.
  enum class Views { free_earlier, keep_earlier };
  virtual Result<void> read(std::size_t limit, Views views, std::vector<Record>& records) = 0;
};

// Thread: every member may be called from any thread.
class Journal {
 public:
  virtual ~Journal() = default;

  // Stamps the arrival, assigns the position, writes, publishes; with SyncPolicy::always also syncs. When it returns a
  // position, every byte before it is written. Errors: limit_exceeded (budget), invalid_input (too large), conflict (a new epoch must
  // begin first), unavailable (the disk refused: sticky, every later append fails the same way; or closed). The last segment of
  // the budget is for marks, ticks and the like: a journal that takes no message can still be worked off.
  virtual Result<Position> append(const NewRecord& record) = 0;

  virtual Position last() const = 0;          // last published
  virtual Position last_synced() const = 0;   // on the medium; with SyncPolicy::never the same as last()
  virtual Epoch epoch() const = 0;
  virtual Result<void> sync() = 0;            // everything published before the call is on the medium
  // Begins a new epoch in a new segment, on the medium when it returns. The caller has made the epoch's base snapshot
  // before. Positions skip ahead of `above` and of everything a lost tail may have used.
  virtual Result<void> begin_epoch(Position above) = 0;

  // Blocks until a record after `seen` is published, or `wake()` is called (a call since the last wait counts), or the deadline
  // (monotonic) passes.
  virtual void wait_for_append(Position seen, std::optional<Duration> monotonic_deadline) = 0;
  virtual void wake() = 0;
  // Called after each sync with last_synced(), on the thread that synced; must not block.
  virtual void on_synced(std::function<void(Position)> listener) = 0;

  // From the first record after `after`; not_found when retention has removed it, or `after` is beyond the last. The reader may
  // outlive the journal, not the disk.
  virtual Result<std::unique_ptr<JournalReader>> read_after(Position after) = 0;
  virtual Position first() const = 0;         // oldest record kept
  // Records up to here are in the store: whole segments before it may go, as age and budget say.
  virtual void set_committed(Position position) = 0;
  // True when the budget has no room for another segment before more is committed: the store should not take its time.
  virtual bool waits_for_commit() const = 0;
  virtual std::uint64_t size_bytes() const = 0;  // of the segments, as allocated
  // What append() would refuse every message with, as far as is known. Does not wait.
  virtual Result<void> takes_messages() const = 0;

  // Writes the end record, syncs, closes. Later appends fail.
  virtual Result<void> close() = 0;
};

struct OpenedJournal {
  std::unique_ptr<Journal> journal;
  JournalRecovery recovery;
};

// Opens or makes the journal under `folder` of `disk` and recovers it. The start record is written with the first append or
// epoch. A tail that may be lost or a corrupt range does not begin a new epoch by itself: the lane does, since it first
// snapshots its store. Borrows: disk and clock, for the journal's life.
// Errors: conflict (another process has it open: named; or a newer program wrote it), invalid_input (options), unavailable.
Result<OpenedJournal> open_journal(Disk& disk, const std::string& folder, const Clock& clock, const JournalOptions& options);

// A reader of what is there now, beside a process that writes or after one; changes nothing. Errors: as for read_after.
Result<std::unique_ptr<JournalReader>> open_journal_readonly(Disk& disk, const std::string& folder, Position after);

}  // namespace doppel

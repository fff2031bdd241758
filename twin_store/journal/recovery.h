// Rules 3 and 4: finds out what the files of a journal hold, whatever ended the writing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "twin_store/journal/journal.h"
#include "twin_store/journal/quarantine.h"
#include "twin_store/journal/segment_list.h"
#include "twin_store/journal/segment_scan.h"

namespace doppel {

enum class RecoveryMode {
  repair,       // cut the torn tail, quarantine, sync: for the writer, which holds the lock
  look,         // change nothing; another process may be writing
  look_at_all,  // the same, and read also the segments that opening need not read; names what earlier epochs have settled
};

struct RecoveredSegment {
  std::shared_ptr<Segment> segment;
  std::optional<SegmentScan> scan;  // nothing for a segment that was not read
};

struct RecoveredJournal {
  std::vector<RecoveredSegment> segments;  // in order; empty when the journal is new or no header was readable
  Quarantine quarantine;
  JournalRecovery report;
  Epoch epoch = Epoch::first;
  Position next_position{1};      // not used yet
  std::uint64_t next_number = 1;  // of a segment, not used yet
};

// Errors: conflict (written by a newer version), unavailable (the disk refused).
Result<RecoveredJournal> recover_journal(Disk& disk, const std::string& folder, const std::string& boot_id, RecoveryMode mode);

}  // namespace doppel

// Opening: for the one writer, and for those that only look.
#include <utility>

#include "twin_store/journal/file_journal.h"
#include "twin_store/journal/journal.h"
#include "twin_store/journal/segment_reader.h"

namespace doppel {
namespace {

constexpr std::uint64_t kSmallestSegment = 64u << 10, kLargestSegment = 256u << 20;
constexpr std::uint64_t kFewestSegments = 4;

Result<void> check(const JournalOptions& options) {
  std::string wrong;
  const auto say = [&](const std::string& text) { wrong += (wrong.empty() ? "" : "; ") + text; };
  if (options.segment_bytes < kSmallestSegment || options.segment_bytes > kLargestSegment)
    say("segment_bytes is " + std::to_string(options.segment_bytes) + ", allowed are " + std::to_string(kSmallestSegment) + " to " +
        std::to_string(kLargestSegment));
  if (options.budget_bytes / kFewestSegments < options.segment_bytes)
    say("budget_bytes is " + std::to_string(options.budget_bytes) + ", at least " + std::to_string(kFewestSegments) + " segments are needed: " +
        std::to_string(kFewestSegments * options.segment_bytes));
  if (options.sync_interval.count() < 1) say("sync_interval is " + std::to_string(options.sync_interval.count()) + " ms, at least 1 is needed");
  if (options.boot_id.size() > kMaxBootId)
    say("boot_id has " + std::to_string(options.boot_id.size()) + " bytes, at most " + std::to_string(kMaxBootId));
  if (wrong.empty()) return {};
  return invalid_input("journal: " + wrong);
}

}  // namespace

bool needs_new_epoch(const JournalRecovery& recovery) {
  return recovery.ending == JournalRecovery::Ending::tail_may_be_lost || !recovery.corrupt.empty();
}

Result<OpenedJournal> open_journal(Disk& disk, const std::string& folder, const Clock& clock, const JournalOptions& options) {
  if (auto checked = check(options); !checked) return checked.error();
  if (auto made = disk.make_folder(folder); !made) return made.error();
  auto lock = disk.lock(folder + "/" + std::string(kLockName));
  if (!lock) return lock.error();
  auto recovered = recover_journal(disk, folder, options.boot_id, RecoveryMode::repair);
  if (!recovered) return recovered.error();
  auto report = recovered->report;
  auto journal = std::make_unique<FileJournal>(disk, clock, options, folder, std::move(*lock), std::move(*recovered));
  if (auto begun = journal->begin(); !begun) return begun.error();
  return OpenedJournal{std::move(journal), std::move(report)};
}

Result<std::unique_ptr<JournalReader>> open_journal_readonly(Disk& disk, const std::string& folder, Position after) {
  auto recovered = recover_journal(disk, folder, {}, RecoveryMode::look);
  if (!recovered) return recovered.error();
  const auto segments = std::make_shared<SegmentList>();
  for (auto& [segment, scan] : recovered->segments) segments->add(std::move(segment));
  const auto oldest = segments->oldest();
  if (!oldest) return not_found(folder + ": no journal");
  if (after < oldest->header.follows)
    return not_found(folder + ": position " + std::to_string(to_number(next(after))) + " is not kept any more; the oldest is " +
                     std::to_string(to_number(oldest->header.first_position)));
  return SegmentReader::open(disk, segments, segments->holding(after), after);
}

}  // namespace doppel

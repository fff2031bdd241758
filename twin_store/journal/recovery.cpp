#include "twin_store/journal/recovery.h"

#include <algorithm>
#include <utility>

#include "twin_store/journal/segment_files.h"

namespace doppel {
namespace {

bool is_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

class Recovery {
 public:
  Recovery(Disk& disk, const std::string& folder, RecoveryMode mode, std::vector<SegmentFile> files, Quarantine quarantine)
      : disk_(disk), folder_(folder), mode_(mode), files_(std::move(files)), result_{{}, std::move(quarantine), {}} {}

  Result<RecoveredJournal> run(const std::string& boot_id) {
    if (auto dropped = drop_unused_files(); !dropped) return dropped.error();
    set_epoch();
    if (auto moved = move_unreadable_files(); !moved) return moved.error();
    if (auto scanned = scan_segments(); !scanned) return scanned.error();
    if (auto checked = check_borders(); !checked) return checked.error();
    if (auto cut = cut_tail(); !cut) return cut.error();
    report_known_ranges();
    judge_ending(boot_id);
    return std::move(result_);
  }

 private:
  using BadBytes = SegmentScan::BadBytes;

  bool repairs() const { return mode_ == RecoveryMode::repair; }

  // Files prepared ahead, and one whose making was interrupted: no record was accepted in them.
  Result<void> drop_unused_files() {
    while (!files_.empty() && !files_.back().has_header()) {
      const auto bytes = read_whole(disk_, files_.back().path);
      if (!bytes) return bytes.error();
      const auto records = std::string_view(*bytes).substr(std::min<std::size_t>(bytes->size(), kFirstRecordOffset));
      if (!is_zero(records)) return {};
      result_.report.torn_bytes += bytes->find_last_not_of('\0') + 1;  // npos + 1 is 0
      if (repairs()) {
        if (auto removed = disk_.remove(files_.back().path); !removed) return removed;
      }
      files_.pop_back();
    }
    return {};
  }

  void set_epoch() {
    for (const auto& file : files_) {
      if (file.has_header()) result_.epoch = std::max(result_.epoch, file.header.epoch);
    }
    if (!files_.empty()) result_.next_number = files_.back().number + 1;
    for (const auto& range : result_.quarantine.ranges()) result_.next_number = std::max(result_.next_number, range.segment + 1);
  }

  Result<void> move_unreadable_files() {
    for (const auto& file : files_) {
      if (file.has_header()) continue;
      const QuarantinedRange whole{result_.epoch, file.number, 0, file.size};
      if (!repairs()) {
        report_between_segments(whole);
        continue;
      }
      if (auto moved = result_.quarantine.move_in(whole, file.path); !moved) return moved;
      if (auto synced = disk_.sync_folder(folder_); !synced) return synced;
    }
    std::erase_if(files_, [](const SegmentFile& file) { return !file.has_header(); });
    return {};
  }

  // The first segment that a replay may read, or that a power cut may have reached.
  std::size_t first_to_scan() const {
    if (files_.empty() || mode_ == RecoveryMode::look_at_all) return 0;
    std::size_t first = files_.size() - 1;
    while (first > 0 && files_[first].header.first_position > files_.back().header.settled) --first;
    return first;
  }

  Result<void> scan_segments() {
    const auto first = first_to_scan();
    for (std::size_t i = 0; i < files_.size(); ++i) {
      auto segment = std::make_shared<Segment>();
      segment->header = files_[i].header;
      segment->path = files_[i].path;
      segment->size = files_[i].size;
      segment->bad = result_.quarantine.of_segment(files_[i].number);
      segment->end = files_[i].size;
      segment->end_is_exact = i >= first;
      result_.segments.push_back({std::move(segment), std::nullopt});
      if (i < first) continue;
      if (auto scanned = scan(files_[i], result_.segments.back()); !scanned) return scanned;
    }
    return {};
  }

  Result<void> scan(const SegmentFile& found, RecoveredSegment& recovered) {
    auto file = disk_.open(found.path, Disk::Mode::open_existing);
    if (!file) return file.error();
    const auto bytes = read_whole(**file);
    if (!bytes) return bytes.error();
    recovered.scan = scan_segment(*bytes, found.header);
    auto& segment = *recovered.segment;
    segment.end = recovered.scan->end;
    segment.bad.clear();
    for (const auto& bad : recovered.scan->bad) {
      segment.bad.push_back({bad.first, bad.last});
      if (auto done = quarantine(found, bad, *bytes); !done) return done;
    }
    if (!found.first_copy_valid || !found.second_copy_valid) {
      if (auto mended = mend_header(found, *recovered.scan, **file, *bytes); !mended) return mended;
    }
    return repairs() ? (*file)->sync() : Result<void>();
  }

  // Writes the broken copy anew. It is corruption only where records prove that it was whole before.
  Result<void> mend_header(const SegmentFile& found, const SegmentScan& scan, DiskFile& file, std::string_view bytes) {
    const std::uint64_t at = found.first_copy_valid ? kHeaderCopyOffset : 0;
    if (scan.records > 0) {
      const BadBytes broken{at, at + kSegmentHeaderSize, found.header.follows, found.header.first_position};
      if (auto done = quarantine(found, broken, bytes); !done) return done;
    }
    auto header = found.header;
    return repairs() ? write_segment_header(file, header) : Result<void>();
  }

  // Between two segments: bytes behind the last record, positions that are nowhere.
  Result<void> check_borders() {
    for (std::size_t i = 0; i + 1 < result_.segments.size(); ++i) {
      const auto& [segment, scan] = result_.segments[i];
      if (!scan) continue;
      const auto& following = result_.segments[i + 1].segment->header;
      const bool gap = following.epoch == segment->header.epoch && following.follows > scan->last;
      if (!gap && scan->tail_end == scan->end) continue;
      const auto bytes = read_whole(disk_, segment->path);
      if (!bytes) return bytes.error();
      const BadBytes bad{scan->end, scan->tail_end, scan->last, following.first_position};
      if (auto done = quarantine(files_[i], bad, *bytes); !done) return done;
    }
    return {};
  }

  Result<void> cut_tail() {
    if (result_.segments.empty()) return {};
    const auto& [segment, scan] = result_.segments.back();
    result_.report.torn_bytes += scan->tail_end - scan->end;
    if (!repairs() || scan->tail_end == scan->end) return {};
    auto file = disk_.open(segment->path, Disk::Mode::open_existing);
    if (!file) return file.error();
    if (auto cut = (*file)->truncate(scan->end); !cut) return cut;
    if (auto allocated = (*file)->allocate(segment->size); !allocated) return allocated;
    return (*file)->sync();
  }

  // A range found in an earlier epoch is settled: the epoch after it was the answer.
  Result<void> quarantine(const SegmentFile& file, const BadBytes& bad, std::string_view bytes) {
    const QuarantinedRange* known = nullptr;
    for (const auto& range : result_.quarantine.ranges()) {
      if (range.segment == file.number && range.first == bad.first && range.last == bad.last) known = &range;
    }
    if (known && known->found_in != result_.epoch && mode_ != RecoveryMode::look_at_all) return {};
    result_.report.corrupt.push_back({file.path, bad.first, bad.last, bad.before, bad.after});
    if (known || !repairs()) return {};
    return result_.quarantine.add_copy({result_.epoch, file.number, bad.first, bad.last}, bytes.substr(bad.first, bad.last - bad.first));
  }

  // What an opening of this same epoch found and this one cannot see again: moved files, mended headers.
  void report_known_ranges() {
    for (const auto& range : result_.quarantine.ranges()) {
      if (range.found_in != result_.epoch && mode_ != RecoveryMode::look_at_all) continue;
      const auto path = folder_ + "/" + segment_name(range.segment);
      const bool reported = std::any_of(result_.report.corrupt.begin(), result_.report.corrupt.end(), [&](const auto& bad) {
        return bad.file == path && bad.first_offset == range.first && bad.last_offset == range.last;
      });
      if (!reported) report_between_segments(range);
    }
  }

  void report_between_segments(const QuarantinedRange& range) {
    JournalRecovery::BadRange bad{folder_ + "/" + segment_name(range.segment), range.first, range.last, Position::none, Position::none};
    for (const auto& file : files_) {
      if (!file.has_header()) continue;
      if (file.number <= range.segment) bad.before = file.header.follows;
      if (file.number > range.segment && bad.after == Position::none) bad.after = file.header.first_position;
    }
    result_.report.corrupt.push_back(std::move(bad));
  }

  void judge_ending(const std::string& boot_id) {
    using Ending = JournalRecovery::Ending;
    auto& report = result_.report;
    if (result_.segments.empty()) {
      report.ending = report.corrupt.empty() ? Ending::fresh : Ending::tail_may_be_lost;
      return;
    }
    const auto& newest = result_.segments.back();
    const auto& header = newest.segment->header;
    report.last = header.follows;
    report.last_arrival = header.created;
    std::optional<RecordKind> last_kind;
    for (const auto& [segment, scan] : result_.segments) {
      if (!scan || scan->records == 0) continue;
      report.last = scan->last;
      report.last_arrival = scan->last_arrival;
      last_kind = scan->last_kind;
    }
    result_.next_position = std::max(next(report.last), header.first_position);

    const auto writer = newest.scan->last_start.value_or(StartPayload{header.sync, header.boot_id, {}});
    const bool same_boot = !boot_id.empty() && writer.boot_id == boot_id;
    if (report.last == Position::none) {
      report.ending = Ending::fresh;
    } else if (last_kind == RecordKind::end) {
      report.ending = Ending::clean;
    } else {
      report.ending = same_boot || writer.sync == SyncPolicy::always ? Ending::process_died : Ending::tail_may_be_lost;
    }
  }

  Disk& disk_;
  const std::string folder_;
  const RecoveryMode mode_;
  std::vector<SegmentFile> files_;
  RecoveredJournal result_;
};

Result<RecoveredJournal> recover_once(Disk& disk, const std::string& folder, const std::string& boot_id, RecoveryMode mode) {
  auto files = find_segment_files(disk, folder);
  if (!files) return files.error();
  auto quarantine = Quarantine::open(disk, folder);
  if (!quarantine) return quarantine.error();
  return Recovery(disk, folder, mode, std::move(*files), std::move(*quarantine)).run(boot_id);
}

}  // namespace

Result<RecoveredJournal> recover_journal(Disk& disk, const std::string& folder, const std::string& boot_id, RecoveryMode mode) {
  auto recovered = recover_once(disk, folder, boot_id, mode);
  // While one looks, the writer's retention may take a file that was just listed.
  for (int tries = 0; tries < 3 && mode != RecoveryMode::repair; ++tries) {
    if (recovered || recovered.error().code != ErrorCode::not_found) break;
    recovered = recover_once(disk, folder, boot_id, mode);
  }
  return recovered;
}

}  // namespace doppel

#include "twin_store/journal/quarantine.h"

#include <algorithm>
#include <utility>

namespace doppel {

Result<Quarantine> Quarantine::open(Disk& disk, const std::string& folder) {
  Quarantine quarantine(disk, folder + "/" + std::string(kQuarantineFolder));
  const auto names = disk.list(quarantine.folder_);
  if (!names) return names.error();
  for (const auto& name : *names) {
    if (const auto range = parse_quarantine_name(name)) quarantine.ranges_.push_back(*range);
  }
  return quarantine;
}

std::vector<ByteRange> Quarantine::of_segment(std::uint64_t number) const {
  std::vector<ByteRange> found;
  for (const auto& range : ranges_) {
    if (range.segment == number) found.push_back({range.first, range.last});
  }
  std::sort(found.begin(), found.end(), [](const ByteRange& a, const ByteRange& b) { return a.first < b.first; });
  return found;
}

Result<void> Quarantine::add_copy(const QuarantinedRange& range, std::string_view bytes) {
  if (auto made = disk_->make_folder(folder_); !made) return made;
  const auto unfinished = path_of(range) + ".part";
  auto copy = disk_->open(unfinished, Disk::Mode::open_or_create);
  if (!copy) return copy.error();
  if (auto emptied = (*copy)->truncate(0); !emptied) return emptied;
  if (auto written = (*copy)->write_at(0, bytes); !written) return written;
  if (auto synced = (*copy)->sync(); !synced) return synced;
  if (auto renamed = disk_->rename(unfinished, path_of(range)); !renamed) return renamed;
  ranges_.push_back(range);
  return {};
}

Result<void> Quarantine::move_in(const QuarantinedRange& range, const std::string& path) {
  if (auto made = disk_->make_folder(folder_); !made) return made;
  if (auto moved = disk_->rename(path, path_of(range)); !moved) return moved;
  ranges_.push_back(range);
  return {};
}

Result<void> Quarantine::drop_before(std::uint64_t segment) {
  while (true) {
    const auto old = std::find_if(ranges_.begin(), ranges_.end(), [&](const auto& range) { return range.segment < segment; });
    if (old == ranges_.end()) return {};
    if (auto removed = disk_->remove(path_of(*old)); !removed) return removed;
    ranges_.erase(old);
  }
}

}  // namespace doppel

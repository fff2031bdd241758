#include "twin_store/journal/segment_supply.h"

#include <utility>

#include "twin_store/journal/format.h"

namespace doppel {

std::string SegmentSupply::path_of(std::uint64_t number) const { return folder_ + "/" + segment_name(number); }

void SegmentSupply::prepare(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (spare_number_ >= number) return;  // made, and perhaps taken, meanwhile
  auto file = make(number);
  if (!file) return;
  spare_ = std::move(*file);
  spare_number_ = number;
}

Result<std::unique_ptr<DiskFile>> SegmentSupply::take(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (spare_ && spare_number_ == number) return std::move(spare_);
  spare_number_ = number;
  return make(number);
}

Result<std::unique_ptr<DiskFile>> SegmentSupply::make(std::uint64_t number) {
  auto file = disk_.open(path_of(number), Disk::Mode::open_or_create);
  if (!file) return file;
  // What an attempt that failed has left is emptied first.
  if (auto emptied = (*file)->truncate(0); !emptied) return emptied.error();
  if (auto allocated = (*file)->allocate(segment_bytes_); !allocated) return allocated.error();
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  if (auto synced = disk_.sync_folder(folder_); !synced) return synced.error();
  return file;
}

}  // namespace doppel

#include "twin_store/journal/retention.h"

namespace doppel {

void Retention::set_committed(Position position) {
  auto present = committed_.load();
  while (present < position && !committed_.compare_exchange_weak(present, position)) {
  }
}

Result<bool> Retention::drop_oldest() { return drop(Timestamp::max()); }

Result<void> Retention::drop_made_before(Timestamp time) {
  while (true) {
    const auto dropped = drop(time);
    if (!dropped) return dropped.error();
    if (!*dropped) return {};
  }
}

Result<bool> Retention::drop(Timestamp older_than) {
  const std::lock_guard lock(mutex_);
  const auto oldest = segments_->take_oldest(committed(), older_than);
  if (!oldest) return false;
  if (auto removed = disk_.remove(oldest->path); !removed) return removed.error();
  if (auto dropped = quarantine_.drop_before(segments_->oldest()->header.number); !dropped) return dropped.error();
  return true;
}

}  // namespace doppel

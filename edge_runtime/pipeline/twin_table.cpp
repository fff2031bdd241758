#include "edge_runtime/pipeline/twin_table.h"

#include <algorithm>

#include "twin_store/model/hash.h"

namespace doppel {
namespace {
// What a stored twin takes beside its texts: a head, and a name, time and revision a property.
constexpr std::size_t kTwinBytes = 96, kPropertyBytes = 48;
}  // namespace

Result<void> TwinTable::load(const StoreReader& store) {
  std::string bad;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    const TwinIndex index = find_or_make(key, SIZE_MAX);
    if (!decode(value, names_, twins_[index])) bad = key;
  });
  if (!read) return read;
  if (!bad.empty()) return corrupt_data("the stored twin " + bad + " does not decode, or its names exceed the limit of names (" + std::to_string(names_.limit()) + ")");
  return {};
}

void TwinTable::take_changes(std::vector<RowChange>& changes) {
  for (const TwinIndex index : dirty_) {
    Twin& twin = twins_[index];
    std::string row;
    encode(twin, names_, row);
    changes.push_back({kTable, twin.id, std::move(row)});
    twin.dirty = false;
  }
  dirty_.clear();
  dirty_bytes_ = 0;
}

void TwinTable::mark_dirty(TwinIndex index) {
  Twin& twin = twins_[index];
  if (twin.dirty) return;
  twin.dirty = true;
  dirty_.push_back(index);
  dirty_bytes_ += kTwinBytes + twin.id.size() + twin.heap_live + kPropertyBytes * twin.properties.size();
}

std::size_t TwinTable::slot_of(std::string_view id) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash64(id) & mask;
  while (slots_[slot] != kNoTwin && twins_[slots_[slot]].id != id) slot = (slot + 1) & mask;
  return slot;
}

TwinIndex TwinTable::find(std::string_view id) const { return slots_[slot_of(id)]; }

TwinIndex TwinTable::find_or_make(std::string_view id, std::size_t limit) {
  const std::size_t slot = slot_of(id);
  if (slots_[slot] != kNoTwin) return slots_[slot];
  if (twins_.size() >= limit) return kNoTwin;
  const auto index = static_cast<TwinIndex>(twins_.size());
  twins_.emplace_back().id = id;
  slots_[slot] = index;
  if (twins_.size() * 2 > slots_.size()) grow();
  return index;
}

void TwinTable::grow() {
  slots_.assign(slots_.empty() ? 256 : slots_.size() * 2, kNoTwin);
  for (TwinIndex i = 0; i < twins_.size(); ++i) slots_[slot_of(twins_[i].id)] = i;
}

const std::vector<TwinIndex>& TwinTable::by_id() const {
  const auto sorted = static_cast<std::ptrdiff_t>(by_id_.size());
  while (by_id_.size() < twins_.size()) by_id_.push_back(static_cast<TwinIndex>(by_id_.size()));
  const auto by_text = [&](TwinIndex a, TwinIndex b) { return twins_[a].id < twins_[b].id; };
  std::sort(by_id_.begin() + sorted, by_id_.end(), by_text);
  std::inplace_merge(by_id_.begin(), by_id_.begin() + sorted, by_id_.end(), by_text);
  return by_id_;
}

}  // namespace doppel

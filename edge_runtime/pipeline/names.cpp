#include "edge_runtime/pipeline/names.h"

#include "twin_store/model/hash.h"

namespace doppel {
namespace {
constexpr char kVersion = 1;
}

std::size_t NameTable::slot_of(std::string_view text) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash64(text) & mask;
  while (slots_[slot] != kEmpty && texts_[slots_[slot]] != text) slot = (slot + 1) & mask;
  return slot;
}

std::optional<Name> NameTable::find(std::string_view text) const {
  const std::uint32_t number = slots_[slot_of(text)];
  if (number == kEmpty) return std::nullopt;
  return Name{number};
}

std::optional<Name> NameTable::intern(std::string_view text) {
  const std::size_t slot = slot_of(text);
  if (slots_[slot] != kEmpty) return Name{slots_[slot]};
  if (texts_.size() >= limit_) return std::nullopt;
  return add(text, slot);
}

Name NameTable::add(std::string_view text, std::size_t slot) {
  const auto number = static_cast<std::uint32_t>(texts_.size());
  texts_.emplace_back(text);
  slots_[slot] = number;
  if (texts_.size() * 2 > slots_.size()) grow();
  return Name{number};
}

Result<void> NameTable::load(const StoreReader& store) {
  auto read = store.for_each(kTable, [&](std::string_view text, std::string_view) {
    const std::size_t slot = slot_of(text);
    if (slots_[slot] == kEmpty) add(text, slot);
  });
  stored_ = texts_.size();
  return read;
}

void NameTable::take_changes(std::vector<RowChange>& changes) {
  for (; stored_ < texts_.size(); ++stored_) changes.push_back({kTable, texts_[stored_], std::string(1, kVersion)});
}

void NameTable::grow() {
  slots_.assign(slots_.empty() ? 256 : slots_.size() * 2, kEmpty);
  for (std::uint32_t i = 0; i < texts_.size(); ++i) slots_[slot_of(texts_[i])] = i;
}

}  // namespace doppel

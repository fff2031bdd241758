#include "edge_runtime/wasm/module_shelf.h"

namespace doppel::wasm {

Result<ModuleShelf::Module> ModuleShelf::take(ShelfPlace& place) {
  const std::lock_guard lock(mutex_);
  if (place.module != nullptr) {
    recent_.splice(recent_.begin(), recent_, place.at);
    return place.module;
  }
  auto loaded = load_(place);
  if (!loaded) return loaded.error();
  if (recent_.size() >= capacity_) {
    recent_.back()->module.reset();
    recent_.pop_back();
  }
  place.module = std::move(loaded).value();
  place.at = recent_.insert(recent_.begin(), &place);
  return place.module;
}

void ModuleShelf::remove(ShelfPlace& place) {
  const std::lock_guard lock(mutex_);
  if (place.module == nullptr) return;
  recent_.erase(place.at);
  place.module.reset();
}

}  // namespace doppel::wasm

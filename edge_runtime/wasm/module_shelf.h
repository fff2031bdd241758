// The modules that are mapped now. Private to this room.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "edge_runtime/wasm/handles.h"
#include "functions/abi/manifest.h"
#include "twin_store/model/result.h"

namespace doppel::wasm {

// What one runner has on the shelf. Belongs to one shelf for all its life.
struct ShelfPlace {
  std::string module_sha256;
  FunctionLimits limits;
  std::shared_ptr<const LoadedModule> module;  // nothing while it is not loaded
  std::list<ShelfPlace*>::iterator at;         // valid while it is
};

// Keeps the most recently used `capacity` modules. Thread: any; loading blocks others for as long as mapping takes, or
// compiling, where native code has been lost.
class ModuleShelf {
 public:
  using Module = std::shared_ptr<const LoadedModule>;
  using Load = std::function<Result<Module>(const ShelfPlace&)>;

  ModuleShelf(std::size_t capacity, Load load) : capacity_(capacity), load_(std::move(load)) {}

  // The module of this place, loaded when it is not. A caller's copy stays usable after the module has left the shelf.
  Result<Module> take(ShelfPlace& place);
  void remove(ShelfPlace& place);

 private:
  const std::size_t capacity_;
  const Load load_;
  std::mutex mutex_;
  std::list<ShelfPlace*> recent_;  // most recently used first
};

}  // namespace doppel::wasm

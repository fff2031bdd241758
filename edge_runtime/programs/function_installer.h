// Brings a function into an edge: checks it, keeps its module, and journals its activation.
#pragma once

#include <string>

#include "edge_runtime/config/settings.h"
#include "edge_runtime/programs/blob_keeper.h"
#include "edge_runtime/programs/loop_guard.h"
#include "edge_runtime/wasm/wasm_engine.h"
#include "functions/abi/activation.h"
#include "functions/abi/manifest.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/journal/journal.h"

namespace doppel {

// Thread: any; a call may take as long as compiling does.
class FunctionInstaller {
 public:
  FunctionInstaller(WasmEngine& engine, BlobStore& blobs, BlobKeeper& keeper, Journal& journal, const LoopGuard& loops, FunctionsConfig ceilings)
      : engine_(engine), blobs_(blobs), keeper_(keeper), journal_(journal), loops_(loops), ceilings_(ceilings) {}

  // Errors: invalid_input with everything that is wrong, limit_exceeded (a ceiling of this node), conflict (another name; it would
  // feed itself).
  Result<Manifest> check(const std::string& name, const std::string& manifest, std::string_view module) const;
  // Whether one more may come to so many. Errors: limit_exceeded.
  Result<void> check_room(std::uint64_t there_are) const;
  // Keeps the module and appends the activation; nothing is checked. Returns the activation's position.
  Result<Position> activate(const std::string& name, const std::string& manifest, std::string_view module, Origin origin);
  // Of a module that is a blob already; errors of BlobStore::get when it is not.
  Result<Position> activate_stored(const std::string& name, const std::string& manifest, const std::string& module_sha256, Origin origin);
  Result<Position> remove(const std::string& name, Origin origin);

 private:
  Result<void> check_ceilings(const Manifest& manifest) const;
  Result<Position> append(const std::string& name, const Activation& activation);

  WasmEngine& engine_;
  BlobStore& blobs_;
  BlobKeeper& keeper_;
  Journal& journal_;
  const LoopGuard& loops_;
  const FunctionsConfig ceilings_;
};

}  // namespace doppel

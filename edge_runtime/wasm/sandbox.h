// One Wasmtime engine with its linker: what belongs to it never meets another engine, which would end the process.
// Private to this room.
#pragma once

#include <memory>
#include <string>

#include "edge_runtime/wasm/handles.h"
#include "edge_runtime/wasm/memory_plan.h"
#include "edge_runtime/wasm/module_check.h"
#include "functions/abi/manifest.h"
#include "twin_store/model/result.h"

namespace doppel::wasm {

// Thread: any; what it loads must not outlive it.
class Sandbox {
 public:
  explicit Sandbox(const MemoryPlan& plan);

  const MemoryPlan& plan() const { return plan_; }
  // Maps native code, which is not checked: `path` must be what the compile helper wrote. Errors: unavailable (not there, or
  // made for another engine), invalid_input (as check_module says).
  Result<std::shared_ptr<const LoadedModule>> load(const std::string& path, const FunctionLimits& limits) const;

 private:
  const MemoryPlan& plan_;
  Handle<wasm_engine_t> engine_;
  Handle<wasmtime_linker> linker_;
};

}  // namespace doppel::wasm

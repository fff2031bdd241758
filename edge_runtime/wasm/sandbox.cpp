#include "edge_runtime/wasm/sandbox.h"

#include <wasmtime.h>

#include "edge_runtime/wasm/log_import.h"
#include "edge_runtime/wasm/settings.h"

namespace doppel::wasm {

Sandbox::Sandbox(const MemoryPlan& plan)
    : plan_(plan), engine_(make_engine(plan_, EngineUse::run)), linker_(wasmtime_linker_new(engine_.get())) {
  define_log_import(linker_.get());
}

Result<std::shared_ptr<const LoadedModule>> Sandbox::load(const std::string& path, const FunctionLimits& limits) const {
  auto loaded = std::make_shared<LoadedModule>();
  loaded->engine = engine_.get();

  wasmtime_module_t* module = nullptr;
  const std::string load_error = take_message(wasmtime_module_deserialize_file(engine_.get(), path.c_str(), &module));
  if (module == nullptr) return unavailable(path + ": " + load_error);
  loaded->module.reset(module);

  const auto facts = check_module(*module, limits);
  if (!facts) return facts.error();
  loaded->initial_memory_bytes = facts->initial_memory_bytes;
  loaded->has_initialize = facts->has_initialize;
  loaded->imports_log = facts->imports_log;

  wasmtime_instance_pre_t* prepared = nullptr;
  const std::string link_error = take_message(wasmtime_linker_instantiate_pre(linker_.get(), module, &prepared));
  if (prepared == nullptr) return invalid_input("module: " + link_error);
  loaded->prepared.reset(prepared);
  return std::shared_ptr<const LoadedModule>(std::move(loaded));
}

}  // namespace doppel::wasm

#include "edge_runtime/wasm/wasm_engine.h"

#include <algorithm>
#include <utility>

#include "edge_runtime/wasm/execution.h"
#include "edge_runtime/wasm/module_shelf.h"
#include "edge_runtime/wasm/native_cache.h"
#include "edge_runtime/wasm/sandbox.h"
#include "edge_runtime/wasm/settings.h"
#include "functions/abi/doppel_abi.h"
#include "twin_store/model/hash.h"

namespace doppel {
struct WasmEngine::Parts {
  Parts(const WasmOptions& options, const wasm::MemoryPlan& plan, const BlobStore& blob_store)
      : blobs(blob_store),
        sandbox(plan),
        cache(options.cache_folder, options.compiler, options.cache_bytes),
        fingerprint(wasm::code_fingerprint(sandbox.plan())),
        shelf(std::max<std::size_t>(options.loaded_modules, 1),
              [this](const wasm::ShelfPlace& place) { return load(place.module_sha256, place.limits); }) {}

  std::string key(const std::string& module_sha256) const { return sha256_hex(module_sha256 + "\n" + fingerprint); }

  // Native code of these bytes. Code that another Wasmtime or processor made is made anew.
  Result<wasm::ModuleShelf::Module> load_or_compile(const std::string& sha256, std::string_view bytes, const FunctionLimits& limits) {
    if (auto found = load_native(sha256, limits)) return std::move(*found);
    if (const auto checked = wasm::check_bytes(bytes); !checked) return checked.error();
    if (const auto compiled = cache.compile(key(sha256), bytes, sandbox.plan().name); !compiled) return compiled.error();
    return sandbox.load(cache.path(key(sha256)), limits);
  }

  Result<wasm::ModuleShelf::Module> load(const std::string& sha256, const FunctionLimits& limits) {
    if (auto found = load_native(sha256, limits)) return std::move(*found);
    const auto bytes = blobs.get(sha256);
    if (!bytes) return bytes.error();
    return load_or_compile(sha256, *bytes, limits);
  }

  // Nothing when there is no native code that can be used; an error when there is, and the module is refused.
  std::optional<Result<wasm::ModuleShelf::Module>> load_native(const std::string& sha256, const FunctionLimits& limits) const {
    if (!cache.contains(key(sha256))) return std::nullopt;
    auto loaded = sandbox.load(cache.path(key(sha256)), limits);
    if (!loaded && loaded.error().code == ErrorCode::unavailable) return std::nullopt;
    return loaded;
  }

  const BlobStore& blobs;
  wasm::Sandbox sandbox;
  wasm::NativeCache cache;
  std::string fingerprint;
  wasm::ModuleShelf shelf;
};

// Shares the engine's parts, so that the order in which the two end does not matter.
class WasmEngine::LoadedRunner final : public Runner {
 public:
  LoadedRunner(std::shared_ptr<Parts> parts, const std::string& module_sha256, const FunctionLimits& limits)
      : parts_(std::move(parts)) {
    place_.module_sha256 = module_sha256;
    place_.limits = limits;
  }
  ~LoadedRunner() override { parts_->shelf.remove(place_); }
  LoadedRunner(const LoadedRunner&) = delete;
  LoadedRunner& operator=(const LoadedRunner&) = delete;

  Result<void> load() {
    const auto module = parts_->shelf.take(place_);
    if (!module) return module.error();
    return {};
  }

  void run(std::span<char> input, RunResult& result) override {
    const auto module = parts_->shelf.take(place_);
    if (module) return wasm::execute(**module, place_.limits, input, result);
    result = RunResult{};
    result.outcome = RunOutcome::host_failure;
    result.reason = module.error().message;
  }

 private:
  std::shared_ptr<Parts> parts_;
  wasm::ShelfPlace place_;
};

WasmEngine::WasmEngine(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}
WasmEngine::~WasmEngine() = default;

Result<std::unique_ptr<WasmEngine>> WasmEngine::open(const WasmOptions& options, const BlobStore& blobs) {
  const wasm::MemoryPlan* plan =
      options.memory_plan.empty() ? &wasm::best_memory_plan() : wasm::find_memory_plan(options.memory_plan);
  if (plan == nullptr) return invalid_input("memory plan \"" + options.memory_plan + "\" is not one of " + wasm::memory_plan_names());
  auto parts = std::make_shared<Parts>(options, *plan, blobs);
  if (const auto opened = parts->cache.open(); !opened) return opened.error();
  return std::unique_ptr<WasmEngine>(new WasmEngine(std::move(parts)));
}

Result<ModuleInfo> WasmEngine::validate(std::string_view bytes, const Manifest& manifest) {
  ModuleInfo info;
  info.sha256 = sha256_hex(bytes);
  info.bytes = bytes.size();
  const auto module = parts_->load_or_compile(info.sha256, bytes, manifest.limits);
  if (!module) return module.error();
  info.initial_memory_bytes = (*module)->initial_memory_bytes;
  info.imports_log = (*module)->imports_log;
  const auto version = wasm::ask_abi_version(**module, manifest.limits);
  if (!version) return version.error();
  if (*version != DOPPEL_ABI_VERSION) {
    return invalid_input("module: doppel_abi_version is " + std::to_string(*version) + ", this doppel speaks 1");
  }
  return info;
}

Result<std::unique_ptr<Runner>> WasmEngine::load(const std::string& module_sha256, const Manifest& manifest) {
  auto runner = std::make_unique<LoadedRunner>(parts_, module_sha256, manifest.limits);
  if (const auto loaded = runner->load(); !loaded) return loaded.error();
  return std::unique_ptr<Runner>(std::move(runner));
}

void WasmEngine::forget(const std::string& module_sha256) { parts_->cache.remove(parts_->key(module_sha256)); }

std::string WasmEngine::version() const { return wasm::engine_version(); }

}  // namespace doppel

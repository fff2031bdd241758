// Runs functions: WebAssembly modules under ABI 1, each run in a fresh instance with exact fuel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "functions/abi/manifest.h"
#include "functions/abi/run.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/model/result.h"

namespace doppel {

struct WasmOptions {
  std::string cache_folder;                                              // of native code; made with mode 0700 if absent
  std::vector<std::string> compiler{"/proc/self/exe", "compile-module"};  // becomes run_compile_helper
  std::uint64_t cache_bytes = 1u << 30;                                  // native code kept on disk
  std::size_t loaded_modules = 1024;                                     // mapped at once; least recently used ones go
  std::string memory_plan;  // how much address space to reserve; "": as much as can be had, see edge_runtime/wasm/memory_plan.h
};

struct ModuleInfo {
  std::string sha256;
  std::uint64_t bytes = 0;
  std::uint64_t initial_memory_bytes = 0;
  bool imports_log = false;
};

// Thread: any, also several at once; a Runner is used by one thread at a time.
class WasmEngine final : public RunnerLoader {
 public:
  // Borrows `blobs`, for as long as runners live. Errors: unavailable (the cache folder cannot be made or is not private),
  // invalid_input (no such memory plan).
  static Result<std::unique_ptr<WasmEngine>> open(const WasmOptions& options, const BlobStore& blobs);
  ~WasmEngine() override;

  // Whether this module may be accepted under this manifest: to be asked before its bytes become a blob. Compiles it, so that
  // a later load is quick. Errors: invalid_input with everything that is wrong; unavailable (helper, disk).
  Result<ModuleInfo> validate(std::string_view wasm, const Manifest& manifest);

  // From native code when it is there, else compiled anew from the blob. Errors as of BlobStore::get and validate().
  Result<std::unique_ptr<Runner>> load(const std::string& module_sha256, const Manifest& manifest) override;

  // Removes the native code of a module whose blob is gone.
  void forget(const std::string& module_sha256);

  std::string version() const override;

 private:
  struct Parts;
  class LoadedRunner;
  explicit WasmEngine(std::shared_ptr<Parts> parts);

  std::shared_ptr<Parts> parts_;
};

}  // namespace doppel

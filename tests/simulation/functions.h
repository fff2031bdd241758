// Functions in C++ in place of WebAssembly modules, which are slow to start: a module's bytes say which one it is.
#pragma once

#include <string>
#include <vector>

#include "functions/abi/run.h"
#include "twin_store/blobs/blob_store.h"

namespace doppel::simulation {

struct SimFunction {
  std::string name, manifest, module;
  std::string module_sha256() const;
};
// count: counts events in its state and sets `count`; raises an alert at every fifth, publishes at every third, traps on v = 13.
// relay: sends what it sees to the twin "sum", and emits. echo: hears that. timer: sets an alarm, and sets `rang` when it rings.
std::vector<SimFunction> sim_functions(std::uint32_t version);
inline constexpr double kTrapValue = 13;

// Thread: one. Borrows the blobs.
class SimLoader final : public RunnerLoader {
 public:
  explicit SimLoader(const BlobStore& blobs) : blobs_(blobs) {}
  Result<std::unique_ptr<Runner>> load(const std::string& module_sha256, const Manifest& manifest) override;
  std::string version() const override { return "native"; }

 private:
  const BlobStore& blobs_;
};

}  // namespace doppel::simulation

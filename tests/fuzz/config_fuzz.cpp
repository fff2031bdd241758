// Any bytes as a configuration: a configuration that shows as TOML which loads again, or errors; never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "edge_runtime/config/doc.h"
#include "edge_runtime/config/loader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  doppel::ConfigSource source{.file = "f.toml", .toml = {}, .overrides = {}, .host = {"host", "", "/data"}};
  source.toml.assign(reinterpret_cast<const char*>(data), size);
  (void)doppel::load_coordinator_config(source);
  const auto config = doppel::load_edge_config(source);
  if (!config) return 0;
  source.toml = doppel::effective_toml(doppel::Role::edge, *config);
  if (!doppel::load_edge_config(source)) std::abort();
  return 0;
}

#include "edge_runtime/programs/function_installer.h"

#include "edge_runtime/pipeline/function_set.h"
#include "edge_runtime/programs/node_core.h"

namespace doppel {
namespace {

std::string above(std::string_view what, std::uint64_t value, std::string_view setting, std::uint64_t ceiling) {
  return std::string(what) + " = " + std::to_string(value) + " is above this node's " + std::string(setting) + " = " + std::to_string(ceiling);
}

}  // namespace

Result<Manifest> FunctionInstaller::check(const std::string& name, const std::string& text, std::string_view module) const {
  auto manifest = parse_manifest(text);
  if (!manifest) return manifest.error();
  if (manifest->name.text() != name) return conflict("the manifest names the function " + manifest->name.text() + ", not " + name);
  for (auto ok : {check_is_performed(*manifest), check_ceilings(*manifest), loops_.check(*manifest)}) {
    if (!ok) return ok.error();
  }
  if (module.size() > ceilings_.max_module_bytes) {
    return limit_exceeded(above("the module's size", module.size(), "functions.max_module", ceilings_.max_module_bytes));
  }
  if (auto valid = engine_.validate(module, *manifest); !valid) return valid.error();
  return manifest;
}

Result<void> FunctionInstaller::check_room(std::uint64_t there_are) const {
  if (there_are < ceilings_.max_functions) return {};
  return limit_exceeded(too_many_functions(there_are, ceilings_.max_functions));
}

Result<void> FunctionInstaller::check_ceilings(const Manifest& manifest) const {
  const auto& limits = manifest.limits;
  if (limits.fuel > ceilings_.max_fuel) return limit_exceeded(above("limits.fuel", limits.fuel, "functions.max_fuel", ceilings_.max_fuel));
  if (limits.memory_bytes > ceilings_.max_memory_bytes) {
    return limit_exceeded(above("limits.memory", limits.memory_bytes, "functions.max_memory", ceilings_.max_memory_bytes));
  }
  if (limits.output_bytes > ceilings_.max_output_bytes) {
    return limit_exceeded(above("limits.output", limits.output_bytes, "functions.max_output", ceilings_.max_output_bytes));
  }
  return {};
}

Result<Position> FunctionInstaller::activate(const std::string& name, const std::string& manifest, std::string_view module, Origin origin) {
  const auto held = keeper_.hold();
  const auto sha256 = blobs_.put(module);
  if (!sha256) return sha256.error();
  return append(name, {.removed = false, .origin = origin, .manifest = manifest, .module_sha256 = *sha256});
}

Result<Position> FunctionInstaller::activate_stored(const std::string& name, const std::string& manifest, const std::string& module_sha256,
                                                    Origin origin) {
  const auto held = keeper_.hold();
  if (const auto there = blobs_.get(module_sha256); !there) return there.error();
  return append(name, {.removed = false, .origin = origin, .manifest = manifest, .module_sha256 = module_sha256});
}

Result<Position> FunctionInstaller::remove(const std::string& name, Origin origin) {
  return append(name, {.removed = true, .origin = origin, .manifest = {}, .module_sha256 = {}});
}

Result<Position> FunctionInstaller::append(const std::string& name, const Activation& activation) {
  std::string payload;
  encode(activation, payload);
  const auto position = journal_.append({.kind = RecordKind::activation, .topic = name, .payload = payload});
  return position ? position : not_journaled(position.error());
}

}  // namespace doppel

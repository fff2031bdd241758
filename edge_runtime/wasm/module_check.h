// What a module must be before it may run: exports, imports and their types. Private to this room.
#pragma once

#include <cstdint>
#include <string_view>

#include "functions/abi/manifest.h"
#include "twin_store/model/result.h"

struct wasmtime_module;

namespace doppel::wasm {

inline constexpr std::size_t kMaxModuleBytes = 8u << 20;

// What can be seen before compiling: size, that it is a core module, that it has no start function (abi-1).
Result<void> check_bytes(std::string_view wasm);

struct ModuleFacts {
  std::uint64_t initial_memory_bytes = 0;
  bool has_initialize = false;
  bool imports_log = false;
};
// Errors: invalid_input with everything that is wrong, one a line.
Result<ModuleFacts> check_module(const wasmtime_module& module, const FunctionLimits& limits);

}  // namespace doppel::wasm

// Runs one run in a fresh instance. Private to this room.
#pragma once

#include <span>

#include "edge_runtime/wasm/handles.h"
#include "functions/abi/run.h"

namespace doppel::wasm {

// Fills all of `result`; on success copies state blocks and progress back into `input`, which a RunBuilder made. Thread: any
// that has kStackBytes of stack to spare.
void execute(const LoadedModule& module, const FunctionLimits& limits, std::span<char> input, RunResult& result);

// What `doppel_abi_version` answers. Errors: invalid_input when it cannot be asked.
Result<std::uint32_t> ask_abi_version(const LoadedModule& module, const FunctionLimits& limits);

}  // namespace doppel::wasm

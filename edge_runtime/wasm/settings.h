// The settings of Wasmtime that decide what compiled code does. Host and compile helper make their engines from the same.
#pragma once

#include <string>

#include "edge_runtime/wasm/handles.h"
#include "edge_runtime/wasm/memory_plan.h"

namespace doppel::wasm {

inline constexpr std::uint32_t kStackBytes = 256u << 10;

enum class EngineUse { run, compile };  // an engine that only compiles reserves no pool
Handle<wasm_engine_t> make_engine(const MemoryPlan& plan, EngineUse use);

// Names everything that native code depends on beside its module: Wasmtime's version, settings, plan and the processor.
std::string code_fingerprint(const MemoryPlan& plan);

// "wasmtime 48.0.8, settings 1": the part of it that decides what a function does.
std::string engine_version();

}  // namespace doppel::wasm

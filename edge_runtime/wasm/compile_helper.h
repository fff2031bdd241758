// Compiling happens in a process of its own: the 5 MB that Cranelift takes are given back, and a module that makes it fail
// takes nothing else along.
#pragma once

#include <span>
#include <string>

namespace doppel {

// What the helper process runs, under `doppel compile-module IN OUT PLAN`: reads a .wasm file, writes native code, syncs it.
// Returns the exit code, 0 or 1 with the reason on stderr. Limits its own processor time, priority and memory for good.
int run_compile_helper(std::span<const std::string> arguments);

}  // namespace doppel

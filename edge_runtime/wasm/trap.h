// Wasmtime's traps and errors in doppel's words. Private to this room.
#pragma once

#include <string>

#include "functions/abi/run.h"

struct wasm_trap_t;
struct wasmtime_error;

namespace doppel::wasm {

struct Failure {
  RunOutcome outcome = RunOutcome::trap;
  std::string reason;
  std::string backtrace;
};

// Takes both over; one of them is not null.
Failure describe(wasmtime_error* error, wasm_trap_t* trap, const FunctionLimits& limits);

}  // namespace doppel::wasm

#include "edge_runtime/wasm/trap.h"

#include <wasmtime.h>

#include <algorithm>

#include "edge_runtime/wasm/handles.h"
#include "edge_runtime/wasm/settings.h"

namespace doppel::wasm {
namespace {

constexpr std::size_t kMaxFrames = 32;

const char* words_of(wasmtime_trap_code_t code) {
  switch (code) {
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS: return "access outside its memory";
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS: return "access outside a table";
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL: return "call through a null function pointer";
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE: return "call through a function pointer of another type";
    case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW: return "integer overflow";
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO: return "integer division by zero";
    case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER: return "a number that no integer can hold was converted to one";
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED: return "unreachable code reached";
    default: return nullptr;
  }
}

// "#0 on_event (function 7, byte 321)", one a line.
std::string frames_of(const wasm_trap_t* trap) {
  wasm_frame_vec_t frames;
  wasm_trap_trace(trap, &frames);
  std::string out;
  for (std::size_t i = 0; i < std::min(frames.size, kMaxFrames); ++i) {
    const wasm_frame_t* frame = frames.data[i];
    const wasm_name_t* name = wasmtime_frame_func_name(frame);
    out += (i == 0 ? "#" : "\n#") + std::to_string(i) + " ";
    if (name != nullptr) out += std::string(name->data, name->size) + " ";
    out += "(function " + std::to_string(wasm_frame_func_index(frame)) + ", byte " +
           std::to_string(wasm_frame_module_offset(frame)) + ")";
  }
  if (frames.size > kMaxFrames) out += "\n... " + std::to_string(frames.size - kMaxFrames) + " more";
  wasm_frame_vec_delete(&frames);
  return out;
}

std::string message_of(const wasm_trap_t* trap) {
  wasm_message_t message;
  wasm_trap_message(trap, &message);
  std::string text(message.data, message.size);
  wasm_byte_vec_delete(&message);
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

}  // namespace

Failure describe(wasmtime_error* error, wasm_trap_t* trap, const FunctionLimits& limits) {
  if (error != nullptr) return {RunOutcome::host_failure, take_message(error), {}};
  const Handle<wasm_trap_t> owned(trap);
  Failure failure{RunOutcome::trap, {}, frames_of(trap)};
  wasmtime_trap_code_t code = 0;
  if (!wasmtime_trap_code(trap, &code)) {
    failure.reason = message_of(trap);
  } else if (code == WASMTIME_TRAP_CODE_STACK_OVERFLOW) {
    failure.outcome = RunOutcome::host_failure;
    failure.reason = "stack overflow: calls nest too deep for " + std::to_string(kStackBytes) + " bytes";
  } else if (code == WASMTIME_TRAP_CODE_OUT_OF_FUEL) {
    failure.outcome = RunOutcome::exceeded_fuel;
    failure.reason = "all of its fuel is spent, limits.fuel = " + std::to_string(limits.fuel);
  } else if (const char* words = words_of(code)) {
    failure.reason = words;
  } else {
    failure.reason = message_of(trap);
  }
  return failure;
}

}  // namespace doppel::wasm

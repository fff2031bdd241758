#include "edge_runtime/wasm/log_import.h"

#include <wasmtime.h>

#include <algorithm>

#include "edge_runtime/wasm/guest_memory.h"
#include "edge_runtime/wasm/handles.h"

namespace doppel::wasm {
namespace {

// Called by the guest with (level, address, length). A text outside its memory is a trap, as any other bad access.
wasm_trap_t* log(void*, wasmtime_caller_t* caller, wasmtime_val_raw_t* arguments, std::size_t) noexcept {
  wasmtime_context_t* context = wasmtime_caller_context(caller);
  auto& lines = *static_cast<std::vector<LogLine>*>(wasmtime_context_get_data(context));
  wasmtime_extern_t exported;
  if (!wasmtime_caller_export_get(caller, "memory", 6, &exported) || exported.kind != WASMTIME_EXTERN_MEMORY) {
    return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS);
  }
  const auto level = static_cast<std::uint32_t>(arguments[0].i32);
  const auto address = static_cast<std::uint32_t>(arguments[1].i32);
  const auto length = static_cast<std::uint32_t>(arguments[2].i32);
  const auto text = GuestMemory(context, &exported.of.memory).at(address, length);
  if (!text) return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS);
  if (lines.size() >= kMaxLogLines) return nullptr;
  const std::size_t kept = std::min<std::size_t>(text->size(), kMaxLogLineBytes);
  lines.push_back({static_cast<std::uint8_t>(std::min(level, 3u)), std::string(text->data(), kept)});
  return nullptr;
}

}  // namespace

void define_log_import(wasmtime_linker* linker) {
  wasm_valtype_t* parameters[] = {wasm_valtype_new_i32(), wasm_valtype_new_i32(), wasm_valtype_new_i32()};
  wasm_valtype_vec_t parameter_types;
  wasm_valtype_vec_t no_results;
  wasm_valtype_vec_new(&parameter_types, 3, parameters);
  wasm_valtype_vec_new_empty(&no_results);
  wasm_functype_t* type = wasm_functype_new(&parameter_types, &no_results);
  // Fails only for a name that is defined twice.
  take_message(wasmtime_linker_define_func_unchecked(linker, kImportModule.data(), kImportModule.size(), kImportLog.data(),
                                                     kImportLog.size(), type, log, nullptr, nullptr));
  wasm_functype_delete(type);
}

}  // namespace doppel::wasm

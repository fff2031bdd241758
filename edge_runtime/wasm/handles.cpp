#include "edge_runtime/wasm/handles.h"

#include <wasmtime.h>

namespace doppel::wasm {

void Delete::operator()(wasm_engine_t* engine) const { wasm_engine_delete(engine); }
void Delete::operator()(wasm_trap_t* trap) const { wasm_trap_delete(trap); }
void Delete::operator()(wasmtime_error* error) const { wasmtime_error_delete(error); }
void Delete::operator()(wasmtime_instance_pre* prepared) const { wasmtime_instance_pre_delete(prepared); }
void Delete::operator()(wasmtime_linker* linker) const { wasmtime_linker_delete(linker); }
void Delete::operator()(wasmtime_module* module) const { wasmtime_module_delete(module); }
void Delete::operator()(wasmtime_store* store) const { wasmtime_store_delete(store); }

std::string take_message(wasmtime_error* error) {
  const Handle<wasmtime_error> owned(error);
  if (!owned) return {};
  wasm_name_t message;
  wasmtime_error_message(error, &message);
  std::string text(message.data, message.size);
  wasm_byte_vec_delete(&message);
  return text;
}

}  // namespace doppel::wasm

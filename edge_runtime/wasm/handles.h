// Owners of Wasmtime's C handles, without its headers. Private to this room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct wasm_config_t;
struct wasm_engine_t;
struct wasm_trap_t;
struct wasmtime_error;
struct wasmtime_instance_pre;
struct wasmtime_linker;
struct wasmtime_module;
struct wasmtime_store;

namespace doppel::wasm {

struct Delete {
  void operator()(wasm_engine_t* engine) const;
  void operator()(wasm_trap_t* trap) const;
  void operator()(wasmtime_error* error) const;
  void operator()(wasmtime_instance_pre* prepared) const;
  void operator()(wasmtime_linker* linker) const;
  void operator()(wasmtime_module* module) const;
  void operator()(wasmtime_store* store) const;
};
template <class T>
using Handle = std::unique_ptr<T, Delete>;

// Its message; "" when there is none.
std::string take_message(wasmtime_error* error);

// A module in native code with its imports resolved. Thread: any; never changes.
struct LoadedModule {
  wasm_engine_t* engine = nullptr;  // borrowed from the sandbox
  Handle<wasmtime_module> module;
  Handle<wasmtime_instance_pre> prepared;
  std::uint64_t initial_memory_bytes = 0;
  bool has_initialize = false;
  bool imports_log = false;
};

}  // namespace doppel::wasm

// What differs between a WebAssembly module and a native build of the same function: exports, the log, and where memory
// comes from. The only file with #ifdef.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__

#define DOPPEL_EXPORT(name) extern "C" __attribute__((export_name(name)))

extern "C" unsigned char __heap_base;  // set by the linker: the first byte after data and stack
extern "C" __attribute__((import_module("doppel"), import_name("log"))) void doppel_log(int32_t level, const char* text, uint32_t length);

namespace doppel::detail {

inline uintptr_t heap_begin() { return reinterpret_cast<uintptr_t>(&__heap_base); }
inline uintptr_t heap_end() { return static_cast<uintptr_t>(__builtin_wasm_memory_size(0)) * 65536; }
inline bool grow_heap(size_t bytes) { return __builtin_wasm_memory_grow(0, (bytes + 65535) / 65536) != static_cast<size_t>(-1); }

}  // namespace doppel::detail

#else

#include <stdio.h>

#define DOPPEL_EXPORT(name) extern "C"

extern "C" inline void doppel_log(int32_t level, const char* text, uint32_t length) {
  fprintf(stderr, "doppel.log %d: %.*s\n", level, static_cast<int>(length), text);
}

namespace doppel::detail {

alignas(8) inline unsigned char native_heap[4u << 20];
inline uintptr_t heap_begin() { return reinterpret_cast<uintptr_t>(native_heap); }
inline uintptr_t heap_end() { return heap_begin() + sizeof native_heap; }
inline bool grow_heap(size_t) { return false; }

}  // namespace doppel::detail

#endif

#include "edge_runtime/wasm/guest_memory.h"

#include <wasmtime.h>

namespace doppel::wasm {

std::uint64_t GuestMemory::size() const { return wasmtime_memory_data_size(context_, memory_); }

std::optional<std::span<char>> GuestMemory::at(std::uint32_t address, std::uint64_t count, std::uint64_t element_size) const {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, element_size, &bytes)) return std::nullopt;
  const std::uint64_t whole = size();
  if (bytes > whole || address > whole - bytes) return std::nullopt;
  char* base = reinterpret_cast<char*>(wasmtime_memory_data(context_, memory_));
  return std::span<char>(base + address, bytes);
}

}  // namespace doppel::wasm

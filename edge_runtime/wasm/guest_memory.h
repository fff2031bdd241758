// The only way to the linear memory of a function. Private to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

struct wasmtime_context;
struct wasmtime_memory;

namespace doppel::wasm {

// Asks for base and size at every access, since both may change in every call of the guest. Borrows both arguments.
class GuestMemory {
 public:
  GuestMemory(wasmtime_context* context, const wasmtime_memory* memory) : context_(context), memory_(memory) {}

  std::uint64_t size() const;
  // `count` elements of `element_size` bytes from `address` on; nothing when one byte of them lies outside. The view lives
  // until the next call into the guest.
  std::optional<std::span<char>> at(std::uint32_t address, std::uint64_t count, std::uint64_t element_size = 1) const;

 private:
  wasmtime_context* context_;
  const wasmtime_memory* memory_;
};

}  // namespace doppel::wasm

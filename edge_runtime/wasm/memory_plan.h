// How much address space linear memories may reserve. Gateways often have 39 bits of it, or less under an emulator, and
// Wasmtime ends the process when its pool cannot be reserved: so the pool is tried out before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace doppel::wasm {

inline constexpr std::uint32_t kMaxMemoryBytes = 64u << 20;  // of one function, whatever its manifest says
inline constexpr std::uint32_t kMaxTableElements = 10'000;

struct MemoryPlan {
  std::string_view name;      // as the compile helper is told
  std::uint32_t slots;        // memories in the pool; 0: each is mapped when it is needed
  std::uint64_t reservation;  // bytes of address space a memory; with 4 GiB compiled code needs no bounds checks
  std::uint64_t guard;        // bytes after it that must fault
};

// The first plan whose address space can be had now.
const MemoryPlan& best_memory_plan();
// nullptr when there is none of that name.
const MemoryPlan* find_memory_plan(std::string_view name);
std::string memory_plan_names();  // separated by commas, the most generous first

}  // namespace doppel::wasm

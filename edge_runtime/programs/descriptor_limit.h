// How many files and sockets a process may have open.
#pragma once

#include <cstdint>

namespace doppel {

// A node with all its streams, edges and files open.
inline constexpr std::uint64_t kDescriptorsOfANode = 2'500;

// Raises the soft limit, which shells and service managers set low for the sake of programs that use select(), to the hard one.
// Returns what is then allowed.
std::uint64_t raise_descriptor_limit();

}  // namespace doppel

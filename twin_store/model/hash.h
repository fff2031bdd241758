// Hashes that are the same on every machine. XXH3 for tables and running hashes, CRC32C for files, SHA-256 for identities.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace doppel {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);  // XXH3-64
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);  // Castagnoli, RFC 3720

// A splittable mix of two words (splitmix64's finalizer): cheap, for combining hashes and for seeds.
std::uint64_t mix64(std::uint64_t a, std::uint64_t b);

std::string sha256_hex(std::string_view bytes);  // 64 lower-case hex digits

}  // namespace doppel

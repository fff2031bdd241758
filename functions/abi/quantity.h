// Counts and sizes as people write them: "5M" is 5,000,000, "1MiB" is 1,048,576.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace doppel {

// Digits, then nothing or one of K, M, G (powers of 1,000) or Ki, Mi, Gi (of 1,024), then an optional B. Nothing when it is
// not of that form or does not fit 64 bits.
std::optional<std::uint64_t> parse_quantity(std::string_view text);

}  // namespace doppel

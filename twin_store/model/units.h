// Durations and sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/model/time.h"

namespace doppel {

// A whole or decimal number and a unit, with or without a space between: ns us ms s min h d ("1.5 h", "100ms");
// min may be written m.
// Nothing when it is not one, is negative, or exceeds 292 years.
std::optional<Duration> duration_from(std::string_view text);
std::string format_duration(Duration duration);  // the largest unit that needs no fraction: "90 s", "1 h"

// B, KB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024).
std::optional<std::uint64_t> size_from(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace doppel

// Reads the time of an event out of a payload value.
#pragma once

#include <optional>

#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

// A number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size, or RFC 3339 text.
// Plausible is what lies in the years 2000 to 2099: these ranges of the four units do not meet. A number with a fraction is
// rounded to microseconds, about what a double holds of today's times. Anything else: nothing.
std::optional<Timestamp> plausible_time(const ValueView& value);

}  // namespace doppel

// Reads a payload, or a token of one, that is a single value.
#pragma once

#include <optional>
#include <string_view>

#include "twin_store/model/value.h"

namespace doppel {

// Without spaces, tabs and line ends on both sides.
std::string_view trimmed(std::string_view text);

// A number by JSON's grammar: integer when it fits 64 bits and has neither fraction nor exponent, number when a double can
// hold its size, otherwise its source text as json. Also NaN, Infinity and -Infinity, and as C prints them nan, inf, -nan,
// -inf, which JSON has no words for.
std::optional<ValueView> read_number(std::string_view text);

// A payload that is neither a JSON object, nor array, nor JSON string: a number as above, true, false, null, otherwise text
// as it stands, or bytes when it is not UTF-8.
ValueView read_scalar(std::string_view payload);

}  // namespace doppel

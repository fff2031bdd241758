// Strict JSON (RFC 8259), checked without building anything.
#pragma once

#include <string_view>

namespace doppel {

inline constexpr int kMaxJsonDepth = 32;

// True for exactly one JSON value with nothing but white space around it, nested at most kMaxJsonDepth deep.
bool is_json(std::string_view text);

}  // namespace doppel

// What must hold of a text before toml++ 3.3 gets it: on some texts that are not TOML that version does not answer with an
// error but runs into undefined behaviour, and nothing in it bounds the parts of a key.
#pragma once

#include <string_view>

#include "twin_store/model/result.h"

namespace doppel {

// UTF-8 without control characters; outside of strings and comments nothing but ASCII; no quote inside a bare key or value: as
// TOML has it. And no more than 8 dots in a key. Errors: invalid_input, "LINE:COLUMN: what is wrong".
Result<void> check_toml_text(std::string_view text);

}  // namespace doppel

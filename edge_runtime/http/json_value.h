// JSON as it comes from clients, and values.
#pragma once

#include <string_view>

#include "twin_store/model/value.h"

namespace doppel {

// The text as a JSON scalar when it is one ("20", "true", "null", "\"20\""), as text otherwise ("auto").
Value parse_scalar_or_text(std::string_view text);

}  // namespace doppel

// Shell-like patterns over names: '*' for any number of characters, '?' for one.
#pragma once

#include <string_view>

namespace doppel {

bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace doppel

// Passwords and tokens are given as files, never on a command line.
#pragma once

#include <string>

#include "twin_store/model/result.h"

namespace doppel {

// The first line of the file. Errors: not_found (cannot be read), invalid_input (empty, or readable by others than its owner and
// group).
Result<std::string> read_secret(const std::string& path);

}  // namespace doppel

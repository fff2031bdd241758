// Runs another program to its end. Private to this room.
#pragma once

#include <string>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel::wasm {

struct HelperEnd {
  int exit_code = 0;   // 128 + signal when a signal ended it
  std::string how;     // "ended with exit code 3", "was ended by signal 24 (CPU time limit exceeded)"
  std::string errors;  // what it wrote to stderr, at most 4 KiB, without the last newline
};

// The first word of `command` is a path. Errors: unavailable (the program cannot be started). Thread: any.
Result<HelperEnd> run_helper(const std::vector<std::string>& command);

}  // namespace doppel::wasm

// The command line of doppel: one tree of commands, with help, examples and hints.
#pragma once

#include <string>
#include <vector>

namespace doppel {

enum ExitCode : int {
  kDone = 0,
  kFailed = 1,  // the command was understood and did not succeed
  kUsage = 2,   // the command was not understood
};

// Parses and runs; returns the process's exit code. `arguments` begins with the program's name.
int run_command_line(const std::vector<std::string>& arguments);

}  // namespace doppel

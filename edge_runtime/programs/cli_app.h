// How every command of the tree is made, so that all of them look and behave alike.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "edge_runtime/programs/commands.h"

namespace CLI {
class Option;
}

namespace doppel {

// A group, to which commands are added. Its help shows the first example of each.
CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& help);

struct CommandText {
  std::string name, help, examples;
};

// A command; `run` is called after parsing, when the user chose it.
CLI::App& add_command(CLI::App& parent, Chosen& chosen, const CommandText& text, std::function<int()> run);

// A command whose options are members of Options: they live as long as the command.
template <class Options>
struct Command {
  CLI::App& app;
  Options& options;
};
template <class Options>
Command<Options> add_command(CLI::App& parent, Chosen& chosen, const CommandText& text, int (*run)(const Options&)) {
  const auto options = std::make_shared<Options>();
  return {add_command(parent, chosen, text, [options, run] { return run(*options); }), *options};
}

// Refusals that name the value and what is allowed.
void refuse_empty(CLI::Option& option, const std::string& allowed);
void allow_numbers(CLI::Option& option, std::uint64_t least, std::uint64_t most = UINT64_MAX);

}  // namespace doppel

// How every command of the tree is made, so that all of them look and behave alike.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "edge_runtime/programs/commands.h"

namespace doppel {

// A group whose commands are added to it; without one it shows its help.
inline CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& help) {
  CLI::App& group = *parent.add_subcommand(name, help);
  group.require_subcommand(1);
  return group;
}

// A command: its options are members of Options, `run` gets them after parsing.
template <class Options>
struct Command {
  CLI::App& app;
  std::shared_ptr<Options> options;
};

template <class Options>
Command<Options> add_command(CLI::App& parent, Chosen& chosen, const std::string& name, const std::string& help,
                             std::function<int(const Options&)> run, const std::string& examples) {
  CLI::App& app = *parent.add_subcommand(name, help);
  auto options = std::make_shared<Options>();
  app.footer("Examples:\n" + examples);
  app.callback([&chosen, options, run = std::move(run)] { chosen.run = [options, run] { return run(*options); }; });
  return {app, options};
}

}  // namespace doppel

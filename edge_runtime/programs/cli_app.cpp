#include "edge_runtime/programs/cli_app.h"

#include <CLI/CLI.hpp>

namespace doppel {

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& help) {
  CLI::App& group = *parent.add_subcommand(name, help);
  group.require_subcommand(1);
  return group;
}

CLI::App& add_command(CLI::App& parent, Chosen& chosen, const CommandText& text, std::function<int()> run) {
  CLI::App& app = *parent.add_subcommand(text.name, text.help);
  app.footer("Examples:\n" + text.examples);
  app.callback([&chosen, run = std::move(run)] { chosen.run = run; });
  return app;
}

}  // namespace doppel

#include "edge_runtime/programs/cli_app.h"

#include <CLI/CLI.hpp>

namespace doppel {

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& help) {
  CLI::App& group = *parent.add_subcommand(name, help);
  group.require_subcommand(1);
  group.footer("Examples:");  // its commands add one each
  return group;
}

CLI::App& add_command(CLI::App& parent, Chosen& chosen, const CommandText& text, std::function<int()> run) {
  CLI::App& app = *parent.add_subcommand(text.name, text.help);
  app.footer("Examples:\n" + text.examples);
  const bool in_group = parent.get_parent() != nullptr;
  if (in_group) parent.footer(parent.get_footer() + "\n" + text.examples.substr(0, text.examples.find('\n')));
  app.callback([&chosen, run = std::move(run)] { chosen.run = run; });
  return app;
}

}  // namespace doppel

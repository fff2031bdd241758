#include "edge_runtime/programs/cli_app.h"

#include <CLI/CLI.hpp>
#include <charconv>

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

void refuse_empty(CLI::Option& option, const std::string& allowed) {
  option.check([allowed](const std::string& text) { return text.empty() ? "\"\" is empty; allowed: " + allowed : std::string(); });
}

void allow_numbers(CLI::Option& option, std::uint64_t least, std::uint64_t most) {
  option.check([least, most](const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc() && end == text.data() + text.size() && number >= least && number <= most) return std::string();
    const std::string range = "a whole number from " + std::to_string(least) + (most == UINT64_MAX ? "" : " to " + std::to_string(most));
    return "\"" + text + "\" is out of range; allowed: " + range;
  });
}

}  // namespace doppel

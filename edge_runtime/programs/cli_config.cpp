// doppel config check | show | doc
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "edge_runtime/config/doc.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/node_config.h"
#include "edge_runtime/programs/output.h"

namespace doppel {
namespace {

struct Options {
  ConfigFlags flags;
  std::string role = "edge";
  bool json = false;
};

Role role_of(const Options& options) { return options.role == "edge" ? Role::edge : Role::coordinator; }

// What the flags and the file make, handed to `use` with its role.
Result<std::string> effective(const ConfigSource& source, Role role, std::string (*use)(Role, const NodeConfig&)) {
  if (role == Role::edge) {
    const auto config = load_edge_config(source);
    return config ? Result<std::string>(use(role, *config)) : config.error();
  }
  const auto config = load_coordinator_config(source);
  return config ? Result<std::string>(use(role, *config)) : config.error();
}

nlohmann::json lines(const std::string& text) {
  auto list = nlohmann::json::array();
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) list.push_back(line);
  return list;
}

int check(const Options& options) {
  const auto source = config_source(options.flags);
  const auto toml = source ? effective(*source, role_of(options), effective_toml) : source.error();
  if (options.json) {
    const nlohmann::json answer = {{"valid", toml.has_value()},
                                   {"problems", toml ? nlohmann::json::array() : lines(toml.error().message)}};
    print(answer.dump(2) + "\n");
    return toml ? kDone : kFailed;
  }
  if (!toml) {
    print(toml.error().message + "\n");
    return kFailed;
  }
  print(options.flags.file + ": " + styled("valid", Style::good) + "\n");
  return kDone;
}

std::string indented(const std::string& json) { return nlohmann::ordered_json::parse(json).dump(2) + "\n"; }

int show(const Options& options) {
  const auto source = config_source(options.flags);
  if (!source) return fail(source.error());
  const auto text = effective(*source, role_of(options), options.json ? effective_json : effective_toml);
  if (!text) return fail_to_configure(text.error(), *source, role_of(options));
  print(options.json ? indented(*text) : *text);
  return kDone;
}

int doc(const Options& options) {
  const Role role = role_of(options);
  print(options.json ? indented(setting_reference_json(role)) : setting_reference(role));
  return kDone;
}

void add_role(CLI::App& app, Options& options) {
  app.add_option("--role", options.role, "edge or coordinator; default: edge")
      ->check(CLI::IsMember({"edge", "coordinator"}))
      ->type_name("ROLE");
  app.add_flag("--json", options.json, "Print JSON");
}

}  // namespace

void add_config_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "config", "Check, show and explain configurations");

  const auto checking = add_command(group, chosen,
      {"check", "Say everything that is wrong with a file",
       "  doppel config check edge.toml\n"
       "  doppel config check fleet.toml --role coordinator"},
      check);
  checking.app.add_option("file", checking.options.flags.file, "Configuration file")->required()->type_name("FILE");
  add_role(checking.app, checking.options);

  const auto showing = add_command(group, chosen,
      {"show", "Print a configuration with all defaults filled in",
       "  doppel config show\n  doppel config show --config edge.toml"},
      show);
  showing.app.add_option("--config", showing.options.flags.file, "Configuration file")->type_name("FILE");
  add_set_option(showing.app, showing.options.flags, "Any setting");
  add_role(showing.app, showing.options);

  const auto explaining = add_command(group, chosen,
      {"doc", "Print what every setting means: Markdown",
       "  doppel config doc\n  doppel config doc --role coordinator"},
      doc);
  add_role(explaining.app, explaining.options);
}

}  // namespace doppel

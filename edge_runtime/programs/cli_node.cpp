// doppel edge, doppel coordinator
#include <CLI/CLI.hpp>

#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/coordinator_program.h"
#include "edge_runtime/programs/edge_program.h"
#include "edge_runtime/programs/log_writer.h"
#include "edge_runtime/programs/node_config.h"
#include "edge_runtime/programs/output.h"

namespace doppel {
namespace {

int run_edge_command(const ConfigFlags& flags) {
  const auto source = config_source(flags);
  if (!source) return fail(source.error());
  const auto config = load_edge_config(*source);
  if (!config) return fail_to_configure(config.error(), *source, Role::edge);
  LogWriter log(config->log);
  return run_edge(*config, log);
}

int run_coordinator_command(const ConfigFlags& flags) {
  const auto source = config_source(flags);
  if (!source) return fail(source.error());
  const auto config = load_coordinator_config(*source);
  if (!config) return fail_to_configure(config.error(), *source, Role::coordinator);
  LogWriter log(config->log);
  return run_coordinator(*config, log);
}

void add_shared_options(CLI::App& app, ConfigFlags& flags) {
  app.add_option("--config", flags.file, "Configuration file; see: doppel config doc")->type_name("FILE");
  app.add_option("--name", flags.name, "Name of the node; default: the host's")->type_name("NAME");
  app.add_option("--data", flags.data, "Data folder; default: $DOPPEL_DATA or ~/.local/share/doppel/NAME")
      ->type_name("DIR");
  app.add_option("--http", flags.http, "Where the API and the dashboard listen; port 0: any free one")
      ->type_name("ADDR:PORT");
  add_set_option(app, flags, "Any other setting");
}

}  // namespace

void add_node_commands(CLI::App& root, Chosen& chosen) {
  const auto edge = add_command(root, chosen,
      {"edge", "Run an edge: messages in, twins kept, functions run",
       "  doppel edge --mqtt mqtt://127.0.0.1:1883\n"
       "  doppel edge --config edge.toml --set journal.sync=always\n"
       "  doppel edge --name north --mqtt mqtt://127.0.0.1:1883 --uplink tcp://127.0.0.1:7090"},
      run_edge_command);
  add_shared_options(edge.app, edge.options);
  edge.app.add_option("--mqtt", edge.options.mqtt, "A broker to take messages from; may be repeated")
      ->type_name("mqtt[s]://HOST:PORT")
      ->allow_extra_args(false);
  edge.app.add_option("--uplink", edge.options.uplink, "The coordinator")->type_name("tcp://HOST:PORT");

  const auto coordinator = add_command(root, chosen,
      {"coordinator", "Run a coordinator: edges in, one fleet out",
       "  doppel coordinator\n"
       "  doppel coordinator --bind tcp://127.0.0.1:7090 --http 127.0.0.1:7080"},
      run_coordinator_command);
  add_shared_options(coordinator.app, coordinator.options);
  coordinator.app.add_option("--bind", coordinator.options.bind, "Where edges connect")->type_name("tcp://ADDR:PORT");
}

}  // namespace doppel

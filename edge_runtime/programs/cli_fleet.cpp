// doppel fleet list | show
#include <CLI/CLI.hpp>

#include "edge_runtime/http/url.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/json_output.h"
#include "edge_runtime/programs/node_client.h"
#include "edge_runtime/programs/output.h"

namespace doppel {
namespace {

using nlohmann::json;

struct Options {
  ApiOptions client;
  std::string edge;
};

std::string connection(const json& edge) {
  const auto connected = edge.find("connected");
  if (connected == edge.end() || !connected->is_boolean()) return "unknown";
  return connected->get<bool>() ? "connected" : "away";
}

// "overheat 1.0.0, mean 2.1.0 (refused)"
std::string functions_line(const json& edge) {
  std::string out;
  for (const json& function : edge.value("functions", json::array())) {
    out += (out.empty() ? "" : ", ") + cell(function, "name") + " " + cell(function, "version");
    if (function.contains("error") && !function.at("error").is_null()) out += " (" + cell(function, "error") + ")";
  }
  return out.empty() ? "-" : out;
}

Result<json> ask(const Options& options, const std::string& path) {
  auto client = connect(options.client, Wanted::coordinator);
  if (!client) return client.error();
  const auto answer = client->get(path);
  if (!answer) return answer.error();
  return parse_answer(*answer);
}

int list(const Options& options) {
  const auto edges = ask(options, "/api/v1/edges");
  if (!edges) return fail(edges.error());
  if (options.client.json) return print(edges->dump(2) + "\n"), kDone;
  Table table({"EDGE", "REGION", "STATE", "LAG (s)", "LAST SEEN", "TWINS", "DEAD LETTERS", "VERSION", "FUNCTIONS"});
  for (const json& edge : edges->at("items")) {
    table.add({cell(edge, "name"), cell(edge, "region"), connection(edge), cell(edge, "lag_seconds"),
               age(edge, "last_seen"), cell(edge, "twins"), cell(edge, "dead_letters"), cell(edge, "version"), functions_line(edge)});
  }
  print(table.text());
  return kDone;
}

int show(const Options& options) {
  const auto edge = ask(options, "/api/v1/edges/" + percent_encode(options.edge));
  if (!edge) return fail(edge.error());
  if (options.client.json) return print(edge->dump(2) + "\n"), kDone;
  print(styled(printable(cell(*edge, "name")), Style::bold) + "  " + connection(*edge) + "\n");
  for (const auto& [key, value] : edge->items()) {
    if (key == "name" || key == "connected" || key == "functions" || value.is_null()) continue;
    print("  " + printable(key) + ": " + printable(cell_text(value)) + "\n");
  }
  Table table({"FUNCTION", "VERSION", "ORIGIN", "STATE", "ERROR"});
  for (const json& function : edge->value("functions", json::array())) {
    table.add({cell(function, "name"), cell(function, "version"), cell(function, "origin"), cell(function, "state"),
               cell(function, "error")});
  }
  print(table.text());
  if (edge->value("dead_letters", json(0)) != 0) print(styled("dead letters are kept at the edge: `doppel dead list` there says why\n", Style::dim));
  return kDone;
}

}  // namespace

void add_fleet_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "fleet", "See the edges of a coordinator");

  const auto listing = add_command(group, chosen,
      {"list", "List edges: connected, lag, dead letters, functions",
       "  doppel fleet list\n"
       "  doppel fleet list --server http://127.0.0.1:7080"},
      list);
  add_client_options(listing.app, listing.options.client);

  const auto showing = add_command(group, chosen,
      {"show", "Show one edge",
       "  doppel fleet show north"},
      show);
  refuse_empty(*showing.app.add_option("edge", showing.options.edge, "Name of the edge")->required()->type_name("EDGE"), "a name, 1 to 63 of a-z, 0-9, - and _");
  add_client_options(showing.app, showing.options.client);
}

}  // namespace doppel

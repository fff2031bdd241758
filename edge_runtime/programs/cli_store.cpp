// doppel store verify
#include <CLI/CLI.hpp>

#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/data_folder.h"
#include "edge_runtime/programs/json_output.h"
#include "edge_runtime/programs/output.h"
#include "twin_store/store/store.h"

namespace doppel {
namespace {

struct Options {
  DataChoice where;
  bool json = false;
};

int verify(const Options& options) {
  const auto data = find_data_folder(options.where);
  if (!data) return fail(data.error());
  const auto report = verify_store(*data + "/" + kStoreFile);
  if (!report) return fail(report.error());
  if (options.json) {
    nlohmann::json tables = nlohmann::json::object();
    for (const auto& [table, rows] : report->tables) tables[table] = rows;
    return print(nlohmann::json{{"intact", true}, {"rows", tables}}.dump(2) + "\n"), kDone;
  }
  Table table({"TABLE", "ROWS"});
  for (const auto& [name, rows] : report->tables) table.add({name, std::to_string(rows)});
  print(table.text() + "intact\n");
  return kDone;
}

}  // namespace

void add_store_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "store", "Look into the database of a node, running or not");
  const auto verifying = add_command(group, chosen,
      {"verify", "Read every page and row and say what is damaged",
       "  doppel store verify\n  doppel store verify --data /var/lib/doppel"},
      verify);
  add_data_options(verifying.app, verifying.options.where);
  verifying.app.add_flag("--json", verifying.options.json, "Print JSON");
}

}  // namespace doppel

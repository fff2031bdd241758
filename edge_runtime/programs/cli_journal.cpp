// doppel journal verify | dump | replay
#include <CLI/CLI.hpp>

#include "edge_runtime/config/loader.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/data_folder.h"
#include "edge_runtime/programs/endpoint.h"
#include "edge_runtime/programs/json_output.h"
#include "edge_runtime/programs/log_writer.h"
#include "edge_runtime/programs/output.h"
#include "edge_runtime/programs/replay.h"
#include "twin_store/journal/inspection.h"

namespace doppel {
namespace {


struct Options {
  DataChoice where;
  bool json = false;
  std::uint64_t after = 0;
  std::uint64_t limit = UINT64_MAX;
  std::string role = "edge";
  std::string into;
  std::optional<std::uint64_t> border_seed;
};

Result<std::unique_ptr<Disk>> open_disk(const Options& options) {
  const auto data = find_data_folder(options.where);
  if (!data) return data.error();
  return open_system_disk(*data);
}

void print_whether_a_node_runs(const std::string& data, bool as_json) {
  const auto node = read_endpoint(data);
  if (as_json) {
    const nlohmann::json running = node ? nlohmann::json{{"name", node->name}, {"pid", node->pid}} : nlohmann::json();
    return print(nlohmann::json{{"running", running}}.dump() + "\n");
  }
  print(node ? "The node " + node->name + " runs on it (process " + std::to_string(node->pid) + ").\n" : "No node runs on it.\n");
}

int verify(const Options& options) {
  const auto data = find_data_folder(options.where);
  if (!data) return fail(data.error());
  const auto disk = open_system_disk(*data);
  if (!disk) return fail(disk.error());
  const auto report = verify_journal(**disk, kJournalFolder);
  if (!report) return fail(report.error());
  print(options.json ? to_json_lines(*report) : to_text(*report));
  print_whether_a_node_runs(*data, options.json);
  return report->is_intact() ? kDone : kFailed;
}

int dump(const Options& options) {
  const auto disk = open_disk(options);
  if (!disk) return fail(disk.error());
  std::uint64_t left = options.limit;
  const auto write = [&left](std::string_view line) {
    if (left == 0) return false;
    print(std::string(line) + "\n");
    return --left > 0;
  };
  const auto format = options.json ? DumpFormat::json : DumpFormat::text;
  const auto done = dump_journal(**disk, kJournalFolder, Position{options.after}, format, write);
  return done ? kDone : fail(done.error());
}

std::string hex(std::uint64_t hash) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::uint64_t rate(const ReplayReport& report) {
  return static_cast<std::uint64_t>(static_cast<double>(report.records) / std::max(report.seconds, 1e-3));
}

nlohmann::json report_json(const ReplayReport& report) {
  auto tables = nlohmann::json::array();
  for (const auto& table : report.tables) {
    tables.push_back({{"table", table.name}, {"rows", table.rows}, {"differ", table.differ}, {"hash", hex(table.hash)}});
  }
  return {{"same_tables", report.same_tables()}, {"same_effects", report.same_effects()},
          {"records", report.records},           {"batches", report.batches},
          {"seconds", report.seconds},           {"records_per_second", rate(report)},
          {"position", to_number(report.of_store.position)},
          {"fold_version", report.fold_version},
          {"journaled_versions", report.journaled_versions},
          {"effects_hash", hex(report.of_replay.effects_hash)},
          {"tables", std::move(tables)}};
}

// Effects are numbered within their batch: with other borders they have other numbers.
std::string effects_line(const ReplayReport& report, const Options& options) {
  if (options.border_seed) return "effects are not compared under other borders";
  return report.same_effects() ? "effects are the same" : "effects DIFFER";
}

// Rule 18: a replay under another version says so.
std::string versions_lines(const ReplayReport& report) {
  std::string lines;
  for (const auto& version : report.journaled_versions) {
    if (version != report.fold_version) lines += "journaled by another version (" + version + "); this one is " + report.fold_version + "\n";
  }
  return lines;
}

void print_report(const ReplayReport& report, const Options& options) {
  Table table({"TABLE", "HASH", "ROWS", "DIFFER", "FIRST"});
  for (const auto& one : report.tables) {
    table.add({one.name, hex(one.hash), std::to_string(one.rows), std::to_string(one.differ), one.first_key});
  }
  print(table.text());
  print(std::to_string(report.records) + " records in " + std::to_string(report.batches) + " batches, " + std::to_string(rate(report)) +
        "/s; " + effects_line(report, options) + " (" + hex(report.of_replay.effects_hash) + ")\n" + versions_lines(report));
}

// With the journal's own borders everything must be the same; with others, what depends on borders may differ.
int replay(const Options& options) {
  const auto data = find_data_folder(options.where);
  if (!data) return fail(data.error());
  LogWriter log({});
  const auto report = replay_journal(
      {.data = *data, .role = options.role == "edge" ? Role::edge : Role::coordinator, .border_seed = options.border_seed,
       .into = options.into},
      log);
  if (!report) return fail(report.error());
  options.json ? print(report_json(*report).dump(2) + "\n") : print_report(*report, options);
  if (options.border_seed) return kDone;
  return report->same_tables() && report->same_effects() ? kDone : kFailed;
}

void add_journal_options(CLI::App& app, Options& options) {
  add_data_options(app, options.where);
  app.add_flag("--json", options.json, "Print JSON, one document a line");
}

}  // namespace

void add_journal_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "journal", "Look into the journal of a node: verify and dump while it runs or not, replay once it is stopped");

  const auto verifying = add_command(group, chosen,
      {"verify", "Read every record and say what is damaged, and whether a node runs on it",
       "  doppel journal verify\n  doppel journal verify --data /var/lib/doppel"},
      verify);
  add_journal_options(verifying.app, verifying.options);

  const auto dumping = add_command(group, chosen,
      {"dump", "Print records, one a line, of a node that runs or not", "  doppel journal dump --limit 20\n  doppel journal dump --after 1000 --json"},
      dump);
  dumping.app.add_option("--after", dumping.options.after, "Behind this position")->type_name("POSITION");
  allow_numbers(*dumping.app.add_option("--limit", dumping.options.limit, "At most this many")->type_name("N"), 1);
  add_journal_options(dumping.app, dumping.options);

  const auto replaying = add_command(group, chosen,
      {"replay", "Fold the journal of a stopped node once more, from its beginning, and compare with what the node has",
       "  doppel journal replay --data /var/lib/doppel\n  doppel journal replay --borders 7 --json"},
      replay);
  replaying.app.add_option("--borders", replaying.options.border_seed, "Batches of random length, from this seed; default: as they were")
      ->type_name("SEED");
  replaying.app.add_option("--into", replaying.options.into, "Keep the new store in this folder, which must be empty")->type_name("DIR");
  replaying.app.add_option("--role", replaying.options.role, "edge or coordinator; default: edge")
      ->check(CLI::IsMember({"edge", "coordinator"}))
      ->type_name("ROLE");
  add_journal_options(replaying.app, replaying.options);
}

}  // namespace doppel

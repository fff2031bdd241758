// doppel journal verify | dump | replay
#include <CLI/CLI.hpp>
#include <filesystem>

#include "edge_runtime/config/loader.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/output.h"
#include "twin_store/journal/inspection.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;
constexpr const char* kJournalFolder = "journal";

struct Options {
  std::string data, node;
  bool json = false;
  std::uint64_t after = 0;
  std::uint64_t limit = UINT64_MAX;
};

bool has_journal(const fs::path& data) {
  std::error_code absent;
  return fs::is_directory(data / kJournalFolder, absent);
}

// A node need not run: --data, --node, $DOPPEL_DATA, or the only folder with a journal under ~/.local/share/doppel.
Result<std::string> data_folder(const Options& options) {
  const HostDefaults host = host_defaults();
  std::string named = options.data;
  if (named.empty() && !options.node.empty()) named = host.data_root + "/" + options.node;
  if (named.empty()) named = host.data;
  if (!named.empty()) {
    return has_journal(named) ? Result<std::string>(named) : not_found(named + " has no folder " + kJournalFolder);
  }
  std::vector<std::string> found;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(host.data_root, absent)) {
    if (has_journal(entry.path())) found.push_back(entry.path());
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) return not_found("there is no journal under " + host.data_root + "; say where with --data DIR");
  std::string list;
  for (const std::string& folder : found) list += "\n  --data " + folder;
  return conflict("there are several journals; say which:" + list);
}

Result<std::unique_ptr<Disk>> open_disk(const Options& options) {
  const auto data = data_folder(options);
  if (!data) return data.error();
  return open_system_disk(*data);
}

int verify(const Options& options) {
  const auto disk = open_disk(options);
  if (!disk) return fail(disk.error());
  const auto report = verify_journal(**disk, kJournalFolder);
  if (!report) return fail(report.error());
  print(options.json ? to_json_lines(*report) : to_text(*report));
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

void add_journal_options(CLI::App& app, Options& options) {
  app.add_option("--data", options.data, "The node's data folder; default: $DOPPEL_DATA")->type_name("DIR");
  app.add_option("--node", options.node, "The node's name; default: the only one on this machine")->type_name("NAME");
  app.add_flag("--json", options.json, "Print JSON, one document a line");
}

}  // namespace

void add_journal_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "journal", "Look into the journal of a node, running or not");

  const auto verifying = add_command(group, chosen,
      {"verify", "Read every record and say what is damaged",
       "  doppel journal verify\n  doppel journal verify --data /var/lib/doppel"},
      verify);
  add_journal_options(verifying.app, verifying.options);

  const auto dumping = add_command(group, chosen,
      {"dump", "Print records, one a line", "  doppel journal dump --limit 20\n  doppel journal dump --after 1000 --json"},
      dump);
  dumping.app.add_option("--after", dumping.options.after, "Behind this position")->type_name("POSITION");
  dumping.app.add_option("--limit", dumping.options.limit, "At most this many")->type_name("N");
  add_journal_options(dumping.app, dumping.options);
}

}  // namespace doppel

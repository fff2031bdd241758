#include "edge_runtime/programs/data_folder.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <vector>

#include "edge_runtime/config/loader.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;

bool has_journal(const fs::path& data) {
  std::error_code absent;
  return fs::is_directory(data / kJournalFolder, absent);
}

}  // namespace

void add_data_options(CLI::App& app, DataChoice& choice) {
  app.add_option("--data", choice.data, "The node's data folder; default: $DOPPEL_DATA")->type_name("DIR");
  app.add_option("--node", choice.node, "The node's name; default: the only one on this machine")->type_name("NAME");
}

Result<std::string> find_data_folder(const DataChoice& choice) {
  const HostDefaults host = host_defaults();
  std::string named = choice.data;
  if (named.empty() && !choice.node.empty()) named = host.data_root + "/" + choice.node;
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

}  // namespace doppel

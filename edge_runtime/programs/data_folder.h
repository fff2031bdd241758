// The data folder of a node: what is in it, and where it is. The node need not run.
#pragma once

#include <string>

#include "twin_store/model/result.h"

namespace CLI {
class App;
}

namespace doppel {

inline constexpr const char* kStoreFile = "twin.db";
inline constexpr const char* kJournalFolder = "journal";
inline constexpr const char* kSnapshotFolder = "snapshots";

struct DataChoice {
  std::string data, node;
};
void add_data_options(CLI::App& app, DataChoice& choice);

// --data, --node, $DOPPEL_DATA, or the only folder with a journal under ~/.local/share/doppel. Errors: not_found, conflict (several).
Result<std::string> find_data_folder(const DataChoice& choice);

}  // namespace doppel

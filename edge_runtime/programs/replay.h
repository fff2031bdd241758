// Proves that a node's state follows from its journal: folds the journal once more, into a new store, and compares.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "edge_runtime/config/setting_table.h"
#include "twin_store/model/log.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

struct NodeReplayOptions {
  std::string data;  // of a node that does not run
  Role role = Role::edge;
  // Nothing: the batches as they were. Otherwise batches of random length; tables that depend on borders may then differ.
  std::optional<std::uint64_t> border_seed;
  // Where the new store is made and stays; made if absent, and must be empty. "": nowhere, it goes when the report is made.
  std::string into;
};

struct ReplayReport {
  struct TableReport {
    std::string name;
    std::uint64_t rows = 0;     // of the node's store
    std::uint64_t differ = 0;   // have another value in the replay, or are in one of the two only
    std::string first_key;      // of those, printable
    std::uint64_t hash = 0;     // over every key and value of the replay, in the order of keys
  };
  std::vector<TableReport> tables;
  std::uint64_t records = 0, batches = 0;
  double seconds = 0;
  std::string fold_version;                  // of this program
  std::set<std::string> journaled_versions;  // of the folds that wrote the marks; where another is among them, differences are no surprise
  Checkpoint of_store, of_replay;

  bool same_tables() const;
  bool same_effects() const { return of_store.effects_hash == of_replay.effects_hash; }
};

// Works in a folder of its own beside the journal's, removed at the end. Errors: not_found (no journal, no store), conflict
// (the node runs), invalid_input (`into` is not empty), corrupt_data; those of loading a module that the replay runs, with the function's name.
Result<ReplayReport> replay_journal(const NodeReplayOptions& options, Log& log);

}  // namespace doppel

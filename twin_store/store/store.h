// The SQLite file of a lane. A fold table is a map from key bytes to value bytes; one transaction carries the changes of many
// whole batches together with the checkpoint they reach. `twin_store/store/README.md` describes the file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/store/file_hooks.h"

namespace doppel {

// How far the store has got in its journal.
struct Checkpoint {
  Incarnation incarnation;
  Epoch epoch = Epoch::first;
  Position position = Position::none;  // last record applied
  Position mark = Position::none;      // mark of the last batch applied
  std::uint64_t effects_hash = 0;      // running hash over every outbox row ever made
  std::uint64_t last_batch_hash = 0;   // hash of the rows of the last batch, which the next mark carries
  bool operator==(const Checkpoint&) const = default;
};

struct RowChange {
  std::string_view table;            // one of Fold::tables(), or a table of the store's own
  std::string key;
  std::optional<std::string> value;  // nothing: the row is deleted
};

// Thread: one at a time.
class StoreReader {
 public:
  virtual ~StoreReader() = default;
  using RowVisitor = std::function<void(std::string_view key, std::string_view value)>;
  // Rows in key order. Views live for the call of the visitor.
  virtual Result<void> for_each(std::string_view table, const RowVisitor& visit) const = 0;
  virtual Result<std::optional<std::string>> find(std::string_view table, std::string_view key) const = 0;
};

class Store : public StoreReader {
 public:
  // Tables that are not fold tables: delivery state is not compared between replays.
  static constexpr std::string_view kOutboxTable = "outbox";

  // Reads all of it. corrupt_data names the page or the row that is not what was written.
  virtual Result<void> verify() const = 0;
  // Nothing when the store is new: it has no checkpoint until the first commit.
  virtual Result<std::optional<Checkpoint>> checkpoint() const = 0;
  // On the medium when it returns.
  virtual Result<void> commit(const Checkpoint& checkpoint, std::span<const RowChange> changes) = 0;
  // A consistent copy of the committed state; replaces `path`. On the medium, under that name, when it returns.
  virtual Result<void> snapshot_to(const std::string& path) = 0;
  // Moves what the write-ahead log holds into the main file when the log is full, without blocking readers or the writer. Pages that
  // change from commit to commit are so written to the main file once for many commits.
  virtual Result<void> checkpoint_log() = 0;
};

struct StoreOptions {
  std::string path;
  std::vector<std::string> fold_tables;
  std::string program;         // name and version of the writer, kept so that an older program can name it
  FileHooks* hooks = nullptr;  // nullptr: none. Borrowed for as long as the store lives
  std::string vfs = {};        // name of the registered SQLite VFS that the files lie on; "": the system's
};

struct StoreReport {
  std::vector<std::pair<std::string, std::uint64_t>> tables;  // and how many rows each has
};
// Reads all of the store at `path`, also beside a process that writes it; changes nothing. Errors: not_found, conflict (another
// schema), and as of Store::verify.
Result<StoreReport> verify_store(const std::string& path);

// Visits the rows of one table of the store at `path`, as verify_store reads it, and with its errors.
Result<void> read_table(const std::string& path, std::string_view table, const StoreReader::RowVisitor& visit);

// Migrates a file of an earlier version. Errors: corrupt_data (not a database, failed integrity), conflict (made by a newer version of
// the program, which it names), unavailable (locked by another process, a disk that is full).
Result<std::unique_ptr<Store>> open_store(const StoreOptions& options);

}  // namespace doppel

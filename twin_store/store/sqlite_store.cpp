#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "twin_store/model/bytes.h"
#include "twin_store/model/disk.h"
#include "twin_store/model/hash.h"
#include "twin_store/model/value.h"
#include "twin_store/store/migrations.h"
#include "twin_store/store/sqlite.h"
#include "twin_store/store/store.h"
#include "twin_store/store/vfs_shim.h"

namespace doppel {
namespace {

constexpr int kFullLogPages = 1024;  // of 4 KiB

std::string encode_checkpoint(const Checkpoint& c) {
  std::string out;
  ByteWriter writer(out);
  for (const auto byte : c.incarnation.bytes) writer.put(byte);
  writer.put(c.epoch);
  writer.put(c.position);
  writer.put(c.mark);
  writer.put(c.effects_hash);
  writer.put(c.last_batch_hash);
  writer.put(crc32c(out));
  return out;
}

std::optional<Checkpoint> decode_checkpoint(std::string_view bytes) {
  ByteReader reader(bytes);
  Checkpoint c;
  for (auto& byte : c.incarnation.bytes) byte = reader.take<std::uint8_t>();
  c.epoch = reader.take<Epoch>();
  c.position = reader.take<Position>();
  c.mark = reader.take<Position>();
  c.effects_hash = reader.take<std::uint64_t>();
  c.last_batch_hash = reader.take<std::uint64_t>();
  if (reader.take<std::uint32_t>() != crc32c(bytes.substr(0, bytes.size() - sizeof(std::uint32_t)))) return std::nullopt;
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return c;
}

Error damaged_row(const std::string& path, std::string_view table, std::string_view key) {
  std::string name;
  append_json(name, is_utf8(key) ? ValueView::text(key) : ValueView::bytes(key));
  return corrupt_data(path + " is damaged: row " + name + " of table " + std::string(table) + " is not what was written");
}

// Rows in key order, each as it was written.
Result<void> read_rows(sqlite3* db, const std::string& path, std::string_view table, const StoreReader::RowVisitor& visit) {
  auto rows = prepared(db, "SELECT key, value, crc FROM " + quoted(table) + " ORDER BY key", path);
  if (!rows) return rows.error();
  int code = 0;
  while ((code = sqlite3_step(rows->get())) == SQLITE_ROW) {
    const auto key = column(rows->get(), 0), value = column(rows->get(), 1);
    if (sqlite3_column_int64(rows->get(), 2) != row_crc(key, value)) return damaged_row(path, table, key);
    visit(key, value);
  }
  if (code != SQLITE_DONE) return sqlite_error(db, "reading", path);
  return {};
}

Result<StoreReport> verify_database(sqlite3* db, const std::string& path) {
  auto check = prepared(db, "PRAGMA quick_check(1)", path);
  if (!check) return check.error();
  if (sqlite3_step(check->get()) != SQLITE_ROW) return sqlite_error(db, "checking", path);
  if (const auto found = column(check->get(), 0); found != "ok") return corrupt_data(path + " is damaged: " + std::string(found));
  auto tables = prepared(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta' ORDER BY name", path);
  if (!tables) return tables.error();
  StoreReport report;
  int code = 0;
  while ((code = sqlite3_step(tables->get())) == SQLITE_ROW) {
    auto& found = report.tables.emplace_back(std::string(column(tables->get(), 0)), 0);
    if (auto read = read_rows(db, path, found.first, [&](std::string_view, std::string_view) { ++found.second; }); !read) return read.error();
  }
  if (code != SQLITE_DONE) return sqlite_error(db, "reading", path);
  return report;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(std::string path, std::unique_ptr<VfsShim> shim, Database db)
      : path_(std::move(path)), shim_(std::move(shim)), db_(std::move(db)) {}

  Result<void> prepare(const StoreOptions& options) {
    const auto schema = schema_of(db_.get(), path_, options.program);
    if (!schema) return schema.error();
    for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=0",
                               "PRAGMA temp_store=MEMORY", "PRAGMA cache_size=-1024", "BEGIN IMMEDIATE",
                               "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"}) {
      if (auto done = execute(pragma); !done) return done;
    }
    if (auto done = migrate(db_.get(), path_, *schema); !done) return done;
    auto tables = options.fold_tables;
    tables.emplace_back(kOutboxTable);
    for (const auto& table : tables) {
      auto made = execute("CREATE TABLE IF NOT EXISTS " + quoted(table) + "(key BLOB PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID");
      if (!made) return made;
    }
    if (auto done = put_meta("program", options.program); !done) return done;
    if (auto done = execute("PRAGMA application_id=" + std::to_string(kApplicationId)); !done) return done;
    if (auto done = execute("PRAGMA user_version=" + std::to_string(kSchemaVersion)); !done) return done;
    if (auto done = execute("COMMIT"); !done) return done;
    sqlite3_wal_hook(db_.get(), count_log_pages, &log_pages_);
    return {};
  }

  Result<void> for_each(std::string_view table, const RowVisitor& visit) const override {
    return read_rows(db_.get(), path_, table, visit);
  }

  Result<std::optional<std::string>> find(std::string_view table, std::string_view key) const override {
    auto statement = prepare_sql("SELECT value, crc FROM " + quoted(table) + " WHERE key = ?");
    if (!statement) return statement.error();
    bind_bytes(statement->get(), 1, key);
    const int code = sqlite3_step(statement->get());
    if (code == SQLITE_ROW) {
      const auto value = column(statement->get(), 0);
      if (sqlite3_column_int64(statement->get(), 1) != row_crc(key, value)) return damaged_row(path_, table, key);
      return std::optional(std::string(value));
    }
    if (code != SQLITE_DONE) return sqlite_error(db_.get(), "reading", path_);
    return std::optional<std::string>();
  }

  Result<void> verify() const override {
    const auto report = verify_database(db_.get(), path_);
    return report ? Result<void>() : Result<void>(report.error());
  }

  Result<std::optional<Checkpoint>> checkpoint() const override {
    auto stored = get_meta("checkpoint");
    if (!stored) return stored.error();
    if (!stored->has_value()) return std::optional<Checkpoint>();
    auto checkpoint = decode_checkpoint(**stored);
    if (!checkpoint) return corrupt_data("the checkpoint in " + path_ + " has " + std::to_string((*stored)->size()) + " bytes that do not decode");
    return checkpoint;
  }

  Result<void> commit(const Checkpoint& checkpoint, std::span<const RowChange> changes) override {
    if (auto done = execute("BEGIN IMMEDIATE"); !done) return done;
    auto written = write_all(checkpoint, changes);
    if (written) written = execute("COMMIT");
    if (!written && sqlite3_get_autocommit(db_.get()) == 0) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return written;
  }

  Result<void> snapshot_to(const std::string& path) override {
    const std::string temporary = path + ".part";
    std::remove(temporary.c_str());
    auto statement = prepare_sql("VACUUM INTO ?");
    if (!statement) return statement.error();
    sqlite3_bind_text(statement->get(), 1, temporary.c_str(), -1, SQLITE_STATIC);
    // Under synchronous=FULL SQLite syncs the copy as well.
    if (sqlite3_step(statement->get()) != SQLITE_DONE) return sqlite_error(db_.get(), "making a snapshot of", path_);
    const auto name = path.rfind('/') + 1;
    const auto folder = open_system_disk(name == 0 ? "." : path.substr(0, name));
    if (!folder) return folder.error();
    return (*folder)->rename(temporary.substr(name), path.substr(name));  // syncs the folder
  }

  Result<void> checkpoint_log() override {
    if (log_pages_ < kFullLogPages) return {};
    const int code = sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK && code != SQLITE_BUSY) return sqlite_error(db_.get(), "checkpointing", path_);
    return {};
  }

 private:
  static int count_log_pages(void* count, sqlite3*, const char*, int pages) {
    *static_cast<int*>(count) = pages;
    return SQLITE_OK;
  }

  struct TableStatements {
    Statement upsert, erase;
  };

  Result<void> write_all(const Checkpoint& checkpoint, std::span<const RowChange> changes) {
    for (const auto& change : changes) {
      auto statements = statements_for(change.table);
      if (!statements) return statements.error();
      sqlite3_stmt* statement = change.value ? (*statements)->upsert.get() : (*statements)->erase.get();
      bind_bytes(statement, 1, change.key);
      if (change.value) {
        bind_bytes(statement, 2, *change.value);
        sqlite3_bind_int64(statement, 3, row_crc(change.key, *change.value));
      }
      const int code = sqlite3_step(statement);
      sqlite3_reset(statement);
      if (code != SQLITE_DONE) return sqlite_error(db_.get(), "writing", path_);
    }
    return put_meta("checkpoint", encode_checkpoint(checkpoint));
  }

  Result<TableStatements*> statements_for(std::string_view table) {
    if (const auto found = statements_.find(table); found != statements_.end()) return &found->second;
    auto upsert = prepare_sql("INSERT INTO " + quoted(table) + "(key, value, crc) VALUES(?, ?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value, crc = excluded.crc");
    if (!upsert) return upsert.error();
    auto erase = prepare_sql("DELETE FROM " + quoted(table) + " WHERE key = ?");
    if (!erase) return erase.error();
    auto [at, inserted] = statements_.emplace(std::string(table), TableStatements{std::move(*upsert), std::move(*erase)});
    return &at->second;
  }

  Result<void> put_meta(const char* key, std::string_view value) {
    auto statement = prepare_sql("INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value");
    if (!statement) return statement.error();
    sqlite3_bind_text(statement->get(), 1, key, -1, SQLITE_STATIC);
    bind_bytes(statement->get(), 2, value);
    if (sqlite3_step(statement->get()) != SQLITE_DONE) return sqlite_error(db_.get(), "writing", path_);
    return {};
  }

  Result<std::optional<std::string>> get_meta(const char* key) const {
    auto statement = prepare_sql("SELECT value FROM meta WHERE key = ?");
    if (!statement) return statement.error();
    sqlite3_bind_text(statement->get(), 1, key, -1, SQLITE_STATIC);
    const int code = sqlite3_step(statement->get());
    if (code == SQLITE_ROW) return std::optional(std::string(column(statement->get(), 0)));
    if (code != SQLITE_DONE) return sqlite_error(db_.get(), "reading", path_);
    return std::optional<std::string>();
  }

  Result<Statement> prepare_sql(const std::string& sql) const { return prepared(db_.get(), sql, path_); }

  Result<void> execute(const std::string& sql) { return doppel::execute(db_.get(), sql, path_); }

  std::string path_;
  std::unique_ptr<VfsShim> shim_;  // outlives the connection
  Database db_;
  int log_pages_ = 0;  // in the write-ahead log after the last commit
  std::map<std::string, TableStatements, std::less<>> statements_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options) {
  const char* base = options.vfs.empty() ? nullptr : options.vfs.c_str();
  if (base != nullptr && sqlite3_vfs_find(base) == nullptr) return invalid_input("there is no SQLite VFS " + options.vfs);
  auto shim = options.hooks == nullptr ? nullptr : std::make_unique<VfsShim>(*options.hooks, base);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(options.path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                                   shim == nullptr ? base : shim->name());
  Database db(raw);
  if (code != SQLITE_OK) return sqlite_error(raw, "opening", options.path);
  sqlite3_busy_timeout(raw, 5000);
  auto store = std::make_unique<SqliteStore>(options.path, std::move(shim), std::move(db));
  if (auto prepared = store->prepare(options); !prepared) return prepared.error();
  return std::unique_ptr<Store>(std::move(store));
}

namespace {

// Of the present schema.
Result<Database> open_readonly(const std::string& path) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  Database db(raw);
  if (code == SQLITE_CANTOPEN) return not_found("there is no store " + path);
  if (code != SQLITE_OK) return sqlite_error(raw, "opening", path);
  sqlite3_busy_timeout(raw, 5000);
  const auto schema = schema_of(raw, path, "this program");
  if (!schema) return schema.error();
  if (*schema != kSchemaVersion) {
    return conflict(path + " has store schema " + std::to_string(*schema) + ": start its node, which brings it to schema " +
                    std::to_string(kSchemaVersion) + ", and verify it then");
  }
  return db;
}

}  // namespace

Result<StoreReport> verify_store(const std::string& path) {
  const auto db = open_readonly(path);
  if (!db) return db.error();
  return verify_database(db->get(), path);
}

Result<void> read_table(const std::string& path, std::string_view table, const StoreReader::RowVisitor& visit) {
  const auto db = open_readonly(path);
  if (!db) return db.error();
  return read_rows(db->get(), path, table, visit);
}

}  // namespace doppel

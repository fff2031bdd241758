#include "twin_store/store/migrations.h"

#include <sqlite3.h>

#include <array>
#include <vector>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

Result<int> pragma_number(sqlite3* db, const std::string& path, const std::string& name) {
  auto statement = prepared(db, "PRAGMA " + name, path);
  if (!statement) return statement.error();
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return sqlite_error(db, "opening", path);
  return sqlite3_column_int(statement->get(), 0);
}

std::string writer_of(sqlite3* db, const std::string& path) {
  auto statement = prepared(db, "SELECT value FROM meta WHERE key = 'program'", path);
  const bool is_there = statement && sqlite3_step(statement->get()) == SQLITE_ROW;
  return is_there ? std::string(column(statement->get(), 0)) : "an unknown program";
}

std::string_view bytes_of(sqlite3_value* value) {
  const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
  return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void sql_row_crc(sqlite3_context* context, int, sqlite3_value** values) {
  sqlite3_result_int64(context, row_crc(bytes_of(values[0]), bytes_of(values[1])));
}

void sql_with_crc(sqlite3_context* context, int, sqlite3_value** values) {
  std::string bytes(bytes_of(values[0]));
  ByteWriter(bytes).put(crc32c(bytes));
  sqlite3_result_blob(context, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
}

Result<std::vector<std::string>> row_tables(sqlite3* db, const std::string& path) {
  auto names = prepared(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta'", path);
  if (!names) return names.error();
  std::vector<std::string> tables;
  int code = 0;
  while ((code = sqlite3_step(names->get())) == SQLITE_ROW) tables.emplace_back(column(names->get(), 0));
  if (code != SQLITE_DONE) return sqlite_error(db, "reading", path);
  return tables;
}

// Schema 2: each row has a CRC, the checkpoint ends with one.
Result<void> add_crcs(sqlite3* db, const std::string& path) {
  constexpr int kPure = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
  sqlite3_create_function(db, "row_crc", 2, kPure, nullptr, sql_row_crc, nullptr, nullptr);
  sqlite3_create_function(db, "with_crc", 1, kPure, nullptr, sql_with_crc, nullptr, nullptr);
  const auto tables = row_tables(db, path);
  if (!tables) return tables.error();
  for (const auto& table : *tables) {
    auto done = execute(db, "ALTER TABLE " + quoted(table) + " ADD COLUMN crc INTEGER NOT NULL DEFAULT 0", path);
    if (done) done = execute(db, "UPDATE " + quoted(table) + " SET crc = row_crc(key, value)", path);
    if (!done) return done;
  }
  return execute(db, "UPDATE meta SET value = with_crc(value) WHERE key = 'checkpoint'", path);
}

using Step = Result<void> (*)(sqlite3* db, const std::string& path);
constexpr std::array<Step, kSchemaVersion - 1> kSteps = {add_crcs};  // the first leaves schema 1

}  // namespace

Result<int> schema_of(sqlite3* db, const std::string& path, const std::string& program) {
  const auto application = pragma_number(db, path, "application_id");
  if (!application) return application.error();
  const auto schema = pragma_number(db, path, "user_version");
  if (!schema) return schema.error();
  if (*application == 0 && *schema == 0) return kNoSchema;
  if (*application != kApplicationId || *schema < 1) return corrupt_data(path + " is a SQLite database, but not one of doppel's");
  if (*schema <= kSchemaVersion) return *schema;
  return conflict(path + " has store schema " + std::to_string(*schema) + ", made by " + writer_of(db, path) + "; " + program + " reads schemas 1 to " +
                  std::to_string(kSchemaVersion) + ": install that version or newer");
}

Result<void> migrate(sqlite3* db, const std::string& path, int schema) {
  if (schema == kNoSchema) return {};
  for (; schema < kSchemaVersion; ++schema) {
    if (auto done = kSteps[static_cast<std::size_t>(schema - 1)](db, path); !done) return done;
  }
  return {};
}

}  // namespace doppel

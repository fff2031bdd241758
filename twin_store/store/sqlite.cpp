#include "twin_store/store/sqlite.h"

#include <sqlite3.h>

namespace doppel {

void CloseDatabase::operator()(sqlite3* db) const { sqlite3_close(db); }

void FinalizeStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Error sqlite_error(sqlite3* db, std::string_view doing, const std::string& path) {
  const std::string message = std::string(doing) + " " + path + ": " + sqlite3_errmsg(db);
  switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return corrupt_data(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_IOERR: return unavailable(message);
    default: return internal_error(message);
  }
}

Result<Statement> prepared(sqlite3* db, const std::string& sql, const std::string& path) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return sqlite_error(db, "using", path);
  return Statement(statement);
}

Result<void> execute(sqlite3* db, const std::string& sql, const std::string& path) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_error(db, "using", path);
  return {};
}

void bind_bytes(sqlite3_stmt* statement, int index, std::string_view bytes) {
  // A null pointer would bind NULL instead of an empty blob.
  sqlite3_bind_blob(statement, index, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
}

std::string_view column(sqlite3_stmt* statement, int index) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, index));
  return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement, index))};
}

}  // namespace doppel

// What every use of SQLite in this room needs: owners, results of calls as errors, bytes in and out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "twin_store/model/hash.h"
#include "twin_store/model/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace doppel {

struct CloseDatabase {
  void operator()(sqlite3* db) const;
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const;
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// The last error of `db`, as "DOING PATH: message".
Error sqlite_error(sqlite3* db, std::string_view doing, const std::string& path);

Result<Statement> prepared(sqlite3* db, const std::string& sql, const std::string& path);
Result<void> execute(sqlite3* db, const std::string& sql, const std::string& path);

inline std::string quoted(std::string_view table) { return '"' + std::string(table) + '"'; }

// The bytes must outlive the step.
void bind_bytes(sqlite3_stmt* statement, int index, std::string_view bytes);
// Valid until the next step.
std::string_view column(sqlite3_stmt* statement, int index);

// SQLite finds pages that do not fit together, not bits that flipped within a value.
inline std::int64_t row_crc(std::string_view key, std::string_view value) { return crc32c(value, crc32c(key)); }

}  // namespace doppel

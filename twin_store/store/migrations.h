// Which schema a file has, and how one of an earlier schema becomes one of today's.
#pragma once

#include <string>

#include "twin_store/model/result.h"
#include "twin_store/store/sqlite.h"

namespace doppel {

inline constexpr int kApplicationId = 0x64706c31;  // "dpl1"
inline constexpr int kSchemaVersion = 2;
inline constexpr int kNoSchema = 0;  // a file that is new

// Reads only. Errors: corrupt_data (no database, or not one of doppel's); conflict (a newer schema; names the program that made it).
Result<int> schema_of(sqlite3* db, const std::string& path, const std::string& program);

// From `schema` to kSchemaVersion, a step a version, within the caller's transaction: a file is migrated whole or not at all.
// Errors: as sqlite_error tells them.
Result<void> migrate(sqlite3* db, const std::string& path, int schema);

}  // namespace doppel

// Values between SQLite and doppel. Used by the engine alone.
#pragma once

#include "twin_store/query/query_engine.h"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;

namespace doppel {

// Text and blobs are borrowed from the value. Text that is not UTF-8 is bytes.
ValueView view_of(sqlite3_value* value);
// False when SQLite has no memory for it, or its limits forbid it.
bool bind(sqlite3_stmt* statement, int index, const ValueView& value);
// The functions outlive the connection.
bool register_function(sqlite3* connection, const ScalarFunction& function);
bool register_function(sqlite3* connection, const AggregateFunction& function);

}  // namespace doppel

#include "twin_store/query/query_policy.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>

namespace doppel {
namespace {

// Those whose cost is bounded by what they read. instr, replace and trim take time with the product of their arguments, within
// one step that no time limit can end; printf, zeroblob and randomblob make memory from nothing.
constexpr auto kFunctions = std::to_array<std::string_view>(
    {"->", "->>", "abs", "avg", "ceil", "ceiling", "char", "coalesce", "count", "cume_dist", "date", "datetime", "dense_rank",
     "exp", "first_value", "floor", "glob", "group_concat", "hex", "ifnull", "iif", "json", "json_array", "json_array_length",
     "json_extract", "json_object", "json_quote", "json_type", "json_valid", "julianday", "lag", "last_value", "lead", "length",
     "like", "ln", "log", "log10", "log2", "lower", "max", "min", "mod", "nth_value", "ntile", "nullif", "percent_rank", "pi",
     "pow", "power", "quote", "rank", "round", "row_number", "sign", "sqrt", "strftime", "substr", "substring", "sum", "time",
     "total", "trunc", "typeof", "unicode", "unixepoch", "upper"});

static_assert(std::is_sorted(kFunctions.begin(), kFunctions.end()), "searched by halves");

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string_view name_of(int action) {
  switch (action) {
    case SQLITE_ATTACH: return "ATTACH";
    case SQLITE_DETACH: return "DETACH";
    case SQLITE_PRAGMA: return "PRAGMA";
    case SQLITE_RECURSIVE: return "WITH RECURSIVE";
    case SQLITE_TRANSACTION: return "a transaction";
    case SQLITE_SAVEPOINT: return "SAVEPOINT";
    case SQLITE_INSERT: return "INSERT";
    case SQLITE_UPDATE: return "UPDATE";
    case SQLITE_DELETE: return "DELETE";
    case SQLITE_ANALYZE: return "ANALYZE";
    case SQLITE_REINDEX: return "REINDEX";
    default: return "changing the schema";
  }
}

}  // namespace

bool QueryPolicy::allows(int action, std::string_view first, std::string_view second, std::string_view schema,
                         std::string_view reader) {
  switch (action) {
    case SQLITE_SELECT: return true;
    case SQLITE_READ:
      if (may_read(first, second, schema, reader)) return true;
      return refuse("reading " + quoted(first) + " is not allowed; only the views can be read");
    case SQLITE_FUNCTION:
      if (functions_.contains(second) || std::binary_search(kFunctions.begin(), kFunctions.end(), second)) return true;
      return refuse("function " + quoted(second) + " is not allowed");
    default: return refuse(std::string(name_of(action)) + " is not allowed; only SELECT is");
  }
}

bool QueryPolicy::may_read(std::string_view table, std::string_view column, std::string_view schema, std::string_view reader) {
  if (reader.starts_with(inner_prefix_)) {
    behind_views_.emplace(table);
    return true;
  }
  if (table.starts_with(inner_prefix_) || (views_.contains(table) && schema == "temp")) return true;
  if (std::find(kTableFunctions.begin(), kTableFunctions.end(), table) != kTableFunctions.end()) return true;
  return column.empty() && may_count(table, schema);
}

// SQLite asks with no column about a table whose rows are only counted. A view may have become part of the statement by then,
// so that its table is asked about without a reader: the number of its rows is no secret. Without a schema it asks about WITH
// clauses as well.
bool QueryPolicy::may_count(std::string_view table, std::string_view schema) const {
  if (behind_views_.contains(table) || (views_.contains(table) && schema.empty())) return true;
  return schema.empty() && !hidden_.contains(table) && !table.starts_with("sqlite_") && !table.starts_with("pragma_");
}

bool QueryPolicy::refuse(std::string reason) {
  if (refusal_.empty()) refusal_ = std::move(reason);
  return false;
}

}  // namespace doppel

#include "twin_store/query/query_engine.h"

#include <sqlite3.h>

#include <array>

#include "twin_store/query/query_policy.h"
#include "twin_store/query/sql_functions.h"

namespace doppel {
namespace {

constexpr int kStepsBetweenChecks = 1000;  // of SQLite's virtual machine; under a millisecond
constexpr auto kBusyTime = std::chrono::milliseconds(1000);

struct CloseConnection {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using ConnectionHandle = std::unique_ptr<sqlite3, CloseConnection>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

std::string quoted_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string random_hex() {
  std::array<unsigned char, 16> bytes{};
  sqlite3_randomness(bytes.size(), bytes.data());
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const auto byte : bytes) hex.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return hex;
}

bool is_blank(std::string_view sql) { return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos; }

std::string_view text_or_empty(const char* text) { return text == nullptr ? std::string_view() : std::string_view(text); }

std::string limit_text(std::size_t limit, std::string_view unit) { return std::to_string(limit) + ' ' + std::string(unit); }

}  // namespace

class QueryEngine::Connection {
 public:
  Connection(QueryOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock), policy_(random_hex()) {}

  Result<void> open() {
    sqlite3* connection = nullptr;
    constexpr int kFlags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    const int code = sqlite3_open_v2(options_.path.c_str(), &connection, kFlags, options_.vfs);
    database_.reset(connection);
    if (code != SQLITE_OK) return failure(code, "cannot open '" + options_.path + "'");
    harden();
    if (const auto prepared = prepare_views(); !prepared) return prepared;
    sqlite3_set_authorizer(database_.get(), authorize, this);
    sqlite3_progress_handler(database_.get(), kStepsBetweenChecks, check_limits, this);
    return check_views();
  }

  Result<QueryResult> run(std::string_view sql, std::span<const Value> parameters) {
    begin_limits();
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    if (const auto bound = bind_all(statement->get(), parameters); !bound) return bound.error();
    return read_rows(statement->get());
  }

  void interrupt() { sqlite3_interrupt(database_.get()); }

 private:
  enum class Exceeded : std::uint8_t { nothing, time, memory };

  void harden() {
    auto* const db = database_.get();
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, static_cast<int>(kBusyTime.count()));
    for (const int option : {SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                             SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
      sqlite3_db_config(db, option, 0, nullptr);
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, static_cast<int>(options_.limits.value_bytes));
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 200);
    sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 20);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 100);
    sqlite3_limit(db, SQLITE_LIMIT_FUNCTION_ARG, 32);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200);
    sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 100);
    sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 100'000);
    sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
  }

  Result<void> prepare_views() {
    // In memory, where check_limits sees it: a sort that spills could fill the disk that the journal needs.
    if (auto done = execute("PRAGMA temp_store=MEMORY"); !done) return done;
    if (auto done = hide("SELECT name FROM main.sqlite_schema UNION SELECT name FROM pragma_module_list"); !done) return done;
    if (auto done = add_functions(options_.functions); !done) return done;
    if (auto done = add_functions(options_.aggregates); !done) return done;
    for (const auto& view : options_.views) {
      const auto inner = quoted_identifier(policy_.inner_name(view.name));
      auto made = execute("CREATE TEMP VIEW " + inner + " AS " + view.select);
      if (made) made = execute("CREATE TEMP VIEW " + quoted_identifier(view.name) + " AS SELECT * FROM " + inner);
      if (!made) return internal_error("view " + view.name + ": " + made.error().message);
      policy_.add_view(view.name);
    }
    // A table-valued function declares its columns when it is first used, which the policy would refuse.
    for (const auto function : kTableFunctions) {
      if (auto made = execute("SELECT 1 FROM " + std::string(function) + "('[]')"); !made) return made;
    }
    return {};
  }

  template <class Function>
  Result<void> add_functions(const std::vector<Function>& functions) {
    for (const auto& function : functions) {
      if (!register_function(database_.get(), function)) return internal_error("cannot register SQL function " + function.name);
      policy_.add_function(function.name);
    }
    return {};
  }

  Result<void> hide(const char* names) {
    sqlite3_stmt* compiled = nullptr;
    int code = sqlite3_prepare_v2(database_.get(), names, -1, &compiled, nullptr);
    const StatementHandle statement(compiled);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
      code = sqlite3_step(compiled);
      if (code == SQLITE_ROW) policy_.add_hidden(reinterpret_cast<const char*>(sqlite3_column_text(compiled, 0)));
    }
    if (code != SQLITE_DONE) return failure(code, "cannot read the schema of '" + options_.path + "'");
    return {};
  }

  // A view over a table that is not there would otherwise fail only when it is asked.
  Result<void> check_views() {
    for (const auto& view : options_.views) {
      begin_limits();
      const auto statement = prepare("SELECT * FROM " + quoted_identifier(view.name));
      if (!statement) return internal_error("view " + view.name + ": " + statement.error().message);
    }
    return {};
  }

  Result<void> execute(const std::string& sql) {
    const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(code, "");
    return {};
  }

  void begin_limits() {
    policy_.reset();
    exceeded_ = Exceeded::nothing;
    deadline_ = clock_.monotonic() + options_.limits.time;
    memory_before_ = sqlite3_memory_used();
  }

  Result<StatementHandle> prepare(std::string_view sql) {
    if (sql.size() > options_.limits.sql_bytes) {
      return limit_exceeded("the statement has " + limit_text(sql.size(), "bytes") + "; the limit is " +
                            std::to_string(options_.limits.sql_bytes));
    }
    sqlite3_stmt* compiled = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &compiled, &rest);
    StatementHandle statement(compiled);
    if (code != SQLITE_OK) return failure(code, "");
    if (compiled == nullptr) return invalid_input("there is no statement");
    if (!is_blank(sql.substr(static_cast<std::size_t>(rest - sql.data())))) return invalid_input("only one statement is allowed");
    // The authorizer is not asked about EXPLAIN, which would show the inner names.
    if (sqlite3_stmt_isexplain(compiled) != 0) return invalid_input("EXPLAIN is not allowed; only SELECT is");
    if (sqlite3_stmt_readonly(compiled) == 0) return invalid_input("only SELECT is allowed");
    return statement;
  }

  Result<void> bind_all(sqlite3_stmt* statement, std::span<const Value> parameters) {
    const auto wanted = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
    if (wanted != parameters.size()) {
      return invalid_input("the statement has " + limit_text(wanted, "parameters") + ", and " +
                           limit_text(parameters.size(), "values") + " are given");
    }
    for (std::size_t i = 0; i < wanted; ++i) {
      if (!bind(statement, static_cast<int>(i + 1), parameters[i].view())) {
        return limit_exceeded("parameter " + std::to_string(i + 1) + " is larger than " +
                              limit_text(options_.limits.value_bytes, "bytes"));
      }
    }
    return {};
  }

  Result<QueryResult> read_rows(sqlite3_stmt* statement) {
    QueryResult result;
    const int columns = sqlite3_column_count(statement);
    for (int i = 0; i < columns; ++i) result.columns.emplace_back(text_or_empty(sqlite3_column_name(statement, i)));
    std::size_t bytes = 0;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      if (result.rows.size() == options_.limits.rows) {
        return limit_exceeded("the result has more than " + limit_text(options_.limits.rows, "rows") +
                              "; narrow it or add LIMIT");
      }
      auto& row = result.rows.emplace_back();
      for (int i = 0; i < columns; ++i) {
        row.emplace_back(view_of(sqlite3_column_value(statement, i)));
        bytes += sizeof(Value) + row.back().view().content.size();
      }
      if (bytes > options_.limits.result_bytes) {
        return limit_exceeded("the result has more than " + limit_text(options_.limits.result_bytes, "bytes") + "; narrow it");
      }
    }
    if (code != SQLITE_DONE) return failure(code, "");
    return result;
  }

  Error failure(int code, const std::string& context) {
    if (exceeded_ == Exceeded::time) {
      return limit_exceeded("the statement ran longer than " +
                            limit_text(static_cast<std::size_t>(options_.limits.time.count()), "ms"));
    }
    if (exceeded_ == Exceeded::memory) {
      return limit_exceeded("the statement needed more than " + limit_text(options_.limits.memory_bytes, "bytes of memory"));
    }
    if (!policy_.refusal().empty()) return invalid_input(policy_.refusal());
    const auto message = (context.empty() ? "" : context + ": ") + last_message();
    switch (code & 0xff) {
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT: return corrupt_data(message);
      case SQLITE_INTERRUPT: return unavailable("the statement was interrupted");
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
      case SQLITE_CANTOPEN:
      case SQLITE_IOERR: return unavailable(message);
      case SQLITE_NOMEM: return limit_exceeded("there is no memory for the statement");
      case SQLITE_TOOBIG: return limit_exceeded("a value is larger than " + limit_text(options_.limits.value_bytes, "bytes"));
      default: return invalid_input(message + place_of_error() + (message.starts_with("no such table") ? "; " + list_of_views() : ""));
    }
  }

  std::string list_of_views() const {
    std::string list = "the views are";
    for (const auto& view : options_.views) list += (list.ends_with("are") ? " " : ", ") + view.name;
    return list;
  }

  std::string last_message() const { return database_ ? sqlite3_errmsg(database_.get()) : "out of memory"; }

  std::string place_of_error() const {
    const int offset = sqlite3_error_offset(database_.get());
    return offset < 0 ? "" : " (at byte " + std::to_string(offset) + ")";
  }

  static int authorize(void* self, int action, const char* first, const char* second, const char* schema,
                       const char* reader) noexcept {
    auto& policy = static_cast<Connection*>(self)->policy_;
    const bool allowed =
        policy.allows(action, text_or_empty(first), text_or_empty(second), text_or_empty(schema), text_or_empty(reader));
    return allowed ? SQLITE_OK : SQLITE_DENY;
  }

  // Nonzero ends the statement. The memory is that of all connections of the process; what others take meanwhile is small.
  static int check_limits(void* self) noexcept {
    auto& connection = *static_cast<Connection*>(self);
    if (connection.clock_.monotonic() >= connection.deadline_) connection.exceeded_ = Exceeded::time;
    const auto used = sqlite3_memory_used() - connection.memory_before_;
    if (used > static_cast<sqlite3_int64>(connection.options_.limits.memory_bytes)) connection.exceeded_ = Exceeded::memory;
    return connection.exceeded_ == Exceeded::nothing ? 0 : 1;
  }

  const QueryOptions options_;
  const Clock& clock_;
  QueryPolicy policy_;
  Exceeded exceeded_ = Exceeded::nothing;
  Duration deadline_{0};
  sqlite3_int64 memory_before_ = 0;
  ConnectionHandle database_;
};

QueryEngine::QueryEngine(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
QueryEngine::~QueryEngine() = default;

Result<std::unique_ptr<QueryEngine>> QueryEngine::open(QueryOptions options, const Clock& clock) {
  auto connection = std::make_unique<Connection>(std::move(options), clock);
  if (const auto opened = connection->open(); !opened) return opened.error();
  return std::unique_ptr<QueryEngine>(new QueryEngine(std::move(connection)));
}

Result<QueryResult> QueryEngine::run(std::string_view sql, std::span<const Value> parameters) {
  return connection_->run(sql, parameters);
}

void QueryEngine::interrupt() { connection_->interrupt(); }

}  // namespace doppel

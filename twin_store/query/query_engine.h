// Read-only SQL over the views of a store, safe to give to anybody who may read it: a second connection that can only SELECT,
// only from the views, only with known functions, within limits of time, rows and memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

// A function that SQL can call by name, for views over encoded tables and for those who ask. The same arguments give the same
// value. An error ends the statement with its message. Views live for the call.
struct ScalarFunction {
  std::string name;
  int arguments = 1;
  std::function<Result<Value>(std::span<const ValueView> arguments)> call;
};

// One group's value in the making: of a function like sum(), which takes many rows to one value.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  // Rows come in no order. Views live for the call. An error ends the statement with its message.
  virtual Result<void> add(std::span<const ValueView> arguments) = 0;
  // Of at least one row, all of which were added. Errors: as of add().
  virtual Result<Value> finish() = 0;
};

struct AggregateFunction {
  std::string name;
  int arguments = 1;
  std::function<std::unique_ptr<Accumulator>()> begin;
};

// A view is all that a statement can read. Its SELECT names the store's tables with their schema: main."twins".
struct QueryView {
  std::string name;
  std::string select;
};

struct QueryLimits {
  std::chrono::milliseconds time{2000};
  std::size_t rows = 10'000;
  std::size_t result_bytes = 16u << 20;
  std::size_t memory_bytes = 64u << 20;  // for sorting, grouping and materializing; nothing is spilled to disk
  std::size_t value_bytes = 8u << 20;    // one value or row of a table
  std::size_t sql_bytes = 64u << 10;
};

struct QueryOptions {
  std::string path;  // of the store's file
  std::vector<QueryView> views;
  std::vector<ScalarFunction> functions;
  std::vector<AggregateFunction> aggregates;
  QueryLimits limits;
  const char* vfs = nullptr;  // nullptr: the operating system's files
};

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};
std::string to_json(const QueryResult& result);  // {"columns":[...],"rows":[[...]]}

// Thread: one at a time, but for interrupt().
class QueryEngine {
 public:
  // The clock outlives the engine. Errors: unavailable (no such file, locked), corrupt_data (not a database), internal (a view
  // that is not valid SQL).
  static Result<std::unique_ptr<QueryEngine>> open(QueryOptions options, const Clock& clock);
  ~QueryEngine();

  // One SELECT, with the values of its ?s. It sees the last commit. Errors: invalid_input (not valid, or not allowed: says
  // what), limit_exceeded (names the limit), unavailable (interrupted, locked), corrupt_data.
  Result<QueryResult> run(std::string_view sql, std::span<const Value> parameters = {});

  // Thread: any. Ends a run under way.
  void interrupt();

 private:
  class Connection;
  explicit QueryEngine(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace doppel

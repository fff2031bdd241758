// What the HTTP routes ask of a node. The programs implement it; the routes check and translate, nothing more.
//
// Thread: every call comes on the server's thread and must not block. Its answer is given once, later or at once, from any
// thread. An Answer that is dropped without being called answers 500.
// JSON answers are complete texts, made by the implementer, so that hot ones need no document in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "edge_runtime/http/metrics.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

template <class T>
using Answer = std::function<void(Result<T>)>;

inline constexpr std::size_t kDefaultPage = 100;
inline constexpr std::size_t kMaxPage = 1000;

// A page of a list: at most `limit` items that follow the cursor `after` ("" at the start). Cursors are the implementer's.
struct Page {
  std::size_t limit = kDefaultPage;
  std::string after;
};

enum class TwinFormat : std::uint8_t { full, values };  // values: properties as plain values

enum class Comparison : std::uint8_t { equal, not_equal, less, less_or_equal, greater, greater_or_equal };
// A twin without the property fits no predicate.
struct Predicate {
  std::string property;
  Comparison comparison = Comparison::equal;
  Value value;
};

// Empty strings and lists ask for everything; a twin fits when it fits all.
struct TwinQuery {
  Page page;
  TwinFormat format = TwinFormat::full;
  std::string edge;    // at a coordinator
  std::string prefix;  // of the id
  std::string model;
  std::string status;  // online, stale, offline, never, unreachable
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<Predicate> where;
};

struct PropertyWrite {
  TwinId twin;
  std::string property;
  Value value;
  std::optional<Timestamp> time;  // the value's own; arrival when absent
  std::optional<std::uint64_t> expected_revision;  // 0: the property must not exist
};
struct PropertyWritten {
  std::uint64_t revision = 0;  // of the property
  std::string json;
  std::string refusal = {};  // where not empty, nothing is written: the property's revision is not the expected one
};

struct SqlQuery {
  std::string sql;
  std::vector<Value> parameters;  // of its ?s, in order
};

struct AggregateQuery {
  Page page;
  std::string level;   // "edge", "region" or "fleet" at a coordinator
  std::string edge;    // at a coordinator
  std::string window;  // configured name; "" for all
  std::string group;
  std::optional<std::string> property;  // "" : the rows that count events and twins
  std::optional<Timestamp> from, to;  // of the window's start: from <= start < to
};

struct AlertQuery {
  Page page;
  std::string edge, twin;  // whole names; "" for all
};

struct FunctionUpload {
  FunctionName name;     // of the address; the manifest must agree
  std::string manifest;  // text of function.toml
  std::string module;    // the bytes of the WebAssembly module
  std::string edges;     // at a coordinator: which edges it is for; "" for all
  bool future = false;   // also where the selector selects no edge that is there yet
};
struct FunctionAccepted {
  bool created = false;  // no function had this name
  std::string json;
};

struct DeadLetterQuery {
  Page page;
  std::string function, twin, reason;
};
// What is to be done with dead letters: those of `function`, or these numbers; with neither, all.
struct DeadLetterAction {
  bool drop = false;  // otherwise they are tried again
  std::string function;
  std::vector<std::uint64_t> numbers;
};

// What both roles answer.
class NodeApi {
 public:
  virtual ~NodeApi() = default;

  virtual void list_twins(const TwinQuery& query, Answer<std::string> answer) = 0;  // {"items":[...],"next":cursor|null}
  virtual void query(const SqlQuery& query, Answer<std::string> answer) = 0;        // {"columns":[...],"rows":[[...]]}
  virtual void list_aggregates(const AggregateQuery& query, Answer<std::string> answer) = 0;
  virtual void list_alerts(const AlertQuery& query, Answer<std::string> answer) = 0;

  virtual void list_functions(Answer<std::string> answer) = 0;
  virtual void get_function(const FunctionName& name, Answer<std::string> answer) = 0;
  virtual void put_function(FunctionUpload upload, Answer<FunctionAccepted> answer) = 0;
  // `edges`: as in FunctionUpload; "" at an edge.
  virtual void delete_function(const FunctionName& name, const std::string& edges, Answer<std::string> answer) = 0;

  virtual void node(Answer<std::string> answer) = 0;  // name, role, version, uptime, counters, rates, journal, store, uplink
  virtual void metrics(Answer<std::vector<MetricSample>> answer) = 0;

  // At once, from any thread. An error says what is wrong: a process that should be restarted, or one that is not ready yet.
  virtual Result<void> health() const = 0;
  virtual Result<void> readiness() const = 0;
};

class EdgeApi : public NodeApi {
 public:
  virtual void get_twin(const TwinId& id, TwinFormat format, Answer<std::string> answer) = 0;
  // Answered when it is applied and journaled as the sync policy says. Errors: conflict (the property has a newer time).
  virtual void set_property(const PropertyWrite& write, Answer<PropertyWritten> answer) = 0;
  virtual void list_dead_letters(const DeadLetterQuery& query, Answer<std::string> answer) = 0;
  virtual void get_dead_letter(std::uint64_t number, Answer<std::string> answer) = 0;
  // Answered when it is done and journaled as the sync policy says: {"found":n,"done":n,"applied":n,"failed":n,"first_failed":number|null,"held":n}.
  virtual void order_dead_letters(const DeadLetterAction& action, Answer<std::string> answer) = 0;
};

class CoordinatorApi : public NodeApi {
 public:
  // Without an edge: where exactly one edge has it; conflict names the edges where several do.
  virtual void get_twin(const std::optional<EdgeId>& edge, const TwinId& id, TwinFormat format, Answer<std::string> answer) = 0;
  virtual void list_edges(Answer<std::string> answer) = 0;
  virtual void get_edge(const EdgeId& edge, Answer<std::string> answer) = 0;
};

}  // namespace doppel

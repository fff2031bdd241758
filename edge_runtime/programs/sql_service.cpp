#include "edge_runtime/programs/sql_service.h"

#include "edge_runtime/pipeline/alerts_and_alarms.h"
#include "edge_runtime/pipeline/twin_json.h"
#include "edge_runtime/pipeline/windows.h"
#include "edge_runtime/programs/aggregate_json.h"

namespace doppel {
namespace {

std::string_view content(const ValueView& value) { return value.has_content() ? value.content : std::string_view(); }

Value json_value(const std::string& json) { return Value(ValueView::text(json)); }

// twin_json(key, value): a stored twin.
Result<Value> twin_json(std::span<const ValueView> arguments) {
  NameTable names(SIZE_MAX);
  Twin twin;
  twin.id = content(arguments[0]);
  if (!decode(content(arguments[1]), names, twin)) return corrupt_data("the stored twin " + twin.id + " does not decode");
  std::string json;
  append_stored_twin_json(twin, names, json);
  return json_value(json);
}

// alert_json(key, value): a stored alert.
Result<Value> stored_alert_json(std::span<const ValueView> arguments) {
  const auto alert = decode_alert(content(arguments[0]), content(arguments[1]));
  if (!alert) return corrupt_data("a stored alert does not decode");
  return json_value(alert_json(*alert));
}

// window_json(key, value): a stored window row.
Result<Value> window_json(const std::string& edge, std::span<const ValueView> arguments) {
  const auto row = decode_window_row(content(arguments[0]), content(arguments[1]));
  if (!row) return corrupt_data("a stored window row does not decode");
  std::string json;
  append_window_row_json(edge, row->key, row->aggregate ? &*row->aggregate : nullptr, row->population ? &*row->population : nullptr, json);
  return json_value(json);
}

std::vector<QueryView> views() {
  return {{"twins",
           "SELECT j->>'$.id' AS id, j->>'$.model' AS model, j->>'$.rev' AS rev, j->>'$.events' AS events, "
           "j->>'$.last_seen' AS last_seen, j->'$.tags' AS tags, j->'$.geo' AS geo "
           "FROM (SELECT twin_json(key, value) AS j FROM main.\"twin\")"},
          {"properties",
           "SELECT t.j->>'$.id' AS twin, p.key AS name, p.value->>'$.v' AS value, p.value->>'$.ts' AS ts, "
           "p.value->>'$.rev' AS rev, p.value->>'$.desired' AS desired "
           "FROM (SELECT twin_json(key, value) AS j FROM main.\"twin\") t, json_each(t.j, '$.properties') p"},
          {"windows",
           "SELECT j->>'$.window' AS window, j->>'$.start' AS start, j->>'$.end' AS \"end\", j->>'$.group' AS group_labels, "
           "j->>'$.property' AS property, j->>'$.count' AS count, j->>'$.mean' AS mean, j->>'$.stddev' AS stddev, j->>'$.sum' AS sum, "
           "j->>'$.min' AS min, j->>'$.max' AS max, j->>'$.first' AS first, j->>'$.last' AS last, j->>'$.p50' AS p50, "
           "j->>'$.p95' AS p95, j->>'$.p99' AS p99, j->>'$.events' AS events, j->>'$.twins' AS twins "
           "FROM (SELECT window_json(key, value) AS j FROM main.\"window\")"},
          {"alerts",
           "SELECT j->>'$.twin' AS twin, j->>'$.alert' AS alert, j->>'$.function' AS function, j->>'$.value' AS value, "
           "j->>'$.since' AS since FROM (SELECT alert_json(key, value) AS j FROM main.\"alert\")"}};
}

}  // namespace

Result<std::string> SqlService::run(const SqlQuery& query) {
  if (engine_ == nullptr) {
    QueryOptions options;
    options.path = store_path_;
    options.views = views();
    options.functions = {{"twin_json", 2, twin_json},
                         {"alert_json", 2, stored_alert_json},
                         {"window_json", 2, [edge = edge_](std::span<const ValueView> arguments) { return window_json(edge, arguments); }}};
    auto engine = QueryEngine::open(std::move(options), clock_);
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
  }
  const auto result = engine_->run(query.sql, query.parameters);
  if (!result) return result.error();
  return to_json(*result);
}

}  // namespace doppel

#include "edge_runtime/programs/edge_sql.h"

#include "edge_runtime/pipeline/alerts_and_alarms.h"
#include "edge_runtime/pipeline/twin_json.h"
#include "edge_runtime/pipeline/windows.h"
#include "edge_runtime/programs/aggregate_json.h"
#include "twin_store/query/columns.h"

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

}  // namespace

QueryOptions edge_sql(const std::string& edge) {
  QueryOptions options;
  options.functions = {{"twin_json", 2, twin_json},
                       {"alert_json", 2, stored_alert_json},
                       {"window_json", 2, [edge](std::span<const ValueView> arguments) { return window_json(edge, arguments); }}};
  const std::string twins = documents("twin_json(key, value)", "main.\"twin\"");
  options.views = {
      {"twins", "SELECT " + kTwinColumns + " FROM " + twins},
      {"properties", "SELECT j->>'$.id' AS twin, " + kPropertyColumns + " FROM " + twins + ", json_each(j, '$.properties') p"},
      {"windows", "SELECT " + kWindowLabels + ", " + kWindowFigures + " FROM " + documents("window_json(key, value)", "main.\"window\"")},
      {"alerts", "SELECT " + kAlertColumns + " FROM " + documents("alert_json(key, value)", "main.\"alert\"")}};
  return options;
}

}  // namespace doppel

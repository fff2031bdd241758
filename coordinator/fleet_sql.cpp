#include "coordinator/fleet_sql.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "coordinator/fleet_json.h"
#include "twin_store/query/columns.h"

namespace doppel {
namespace {

using Json = nlohmann::ordered_json;

// Of contributions to one window that are held while they are merged: they come in any order, and are added in that of edges.
constexpr std::size_t kMaxMergedBytes = 64u << 20;

std::string_view content(const ValueView& value) { return value.has_content() ? value.content : std::string_view(); }

Value text(const std::string& json) { return Value(ValueView::text(json)); }

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Error undecodable(std::string_view table) { return corrupt_data("a row of table " + std::string(table) + " does not decode"); }

Json labels_of(const WindowKey& key, std::string_view region) {
  return {{"window", key.window},
          {"start", format_rfc3339(from_nanoseconds(key.start_ns))},
          {"end", format_rfc3339(from_nanoseconds(key.start_ns + key.length_ns))},
          {"group", key.group},
          {"property", key.property},
          {"region", region}};
}

// part_labels(key, value): of a contribution.
Result<Value> part_labels(std::span<const ValueView> arguments) {
  const auto part = decode_part(content(arguments[0]), content(arguments[1]));
  if (!part) return undecodable(WindowTable::kParts);
  return text(dump(labels_of(part->key, part->region)));
}

// frozen_labels(key): of a sum of a region.
Result<Value> frozen_labels(std::span<const ValueView> arguments) {
  const auto frozen = decode_frozen_key(content(arguments[0]));
  if (!frozen) return undecodable(WindowTable::kFrozen);
  return text(dump(labels_of(frozen->key, frozen->region)));
}

// contribution_json(key, value, contributor): a row of one edge's window.
Result<Value> contribution_json(std::span<const ValueView> arguments) {
  const auto part = decode_part(content(arguments[0]), content(arguments[1]));
  const auto from = decode_contributor(content(arguments[2]));
  if (!part || !from) return undecodable(WindowTable::kParts);
  WindowView view{part->key, FleetLevel::edge, from->edge.text(), 1, false, WindowSum(part->key)};
  if (!view.sum.add(part->payload)) return undecodable(WindowTable::kParts);
  const auto origin = dump({{"edge", from->edge.text()},
                            {"incarnation", to_hex(from->incarnation)},
                            {"lane", from->lane},
                            {"region", part->region},
                            {"revision", part->revision},
                            {"arrival", format_rfc3339(part->arrival)}});
  return text(origin.substr(0, origin.size() - 1) + "," + to_json(view).substr(1));
}

// merged_window(key, value, contributor): the sum of a group of contributions and, where the contributor is null, of frozen
// rows. In the order of the HTTP interface, so that both give the same figures.
class MergedWindow final : public Accumulator {
 public:
  Result<void> add(std::span<const ValueView> arguments) override {
    const auto added = arguments[2].kind == ValueKind::null ? add_frozen(content(arguments[0]), content(arguments[1]))
                                                            : add_part(content(arguments[0]), content(arguments[1]), content(arguments[2]));
    if (!added) return added;
    bytes_ += rows_.back().payload.size();
    if (bytes_ <= kMaxMergedBytes) return {};
    return limit_exceeded("the contributions to one window have more than " + std::to_string(kMaxMergedBytes) + " bytes");
  }

  Result<Value> finish() override {
    std::sort(rows_.begin(), rows_.end(), stands_before);
    WindowView view{rows_.front().key, FleetLevel::fleet, "fleet", 0, false, WindowSum(rows_.front().key)};
    const std::string* last_edge = nullptr;
    for (const Row& row : rows_) {
      if (!view.sum.add(row.payload)) return corrupt_data("a contribution to window " + view.key.window + " does not decode");
      view.has_frozen = view.has_frozen || row.is_frozen;
      if (!row.is_frozen && (last_edge == nullptr || *last_edge != row.name)) ++view.edges;
      last_edge = &row.name;
    }
    return text(to_json(view));
  }

 private:
  struct Row {
    WindowKey key;
    bool is_frozen = false;
    std::string name;  // of the edge; of the region when frozen
    std::uint32_t lane = 0, contributor = 0;
    std::string payload;
  };

  static bool stands_before(const Row& a, const Row& b) {
    return std::tie(a.is_frozen, a.name, a.lane, a.contributor) < std::tie(b.is_frozen, b.name, b.lane, b.contributor);
  }

  Result<void> add_part(std::string_view key, std::string_view value, std::string_view contributor) {
    auto part = decode_part(key, value);
    const auto from = decode_contributor(contributor);
    if (!part || !from) return undecodable(WindowTable::kParts);
    rows_.push_back({std::move(part->key), false, from->edge.text(), from->lane, part->contributor, std::move(part->payload)});
    return {};
  }

  Result<void> add_frozen(std::string_view key, std::string_view value) {
    auto frozen = decode_frozen_key(key);
    if (!frozen) return undecodable(WindowTable::kFrozen);
    rows_.push_back({std::move(frozen->key), true, std::move(frozen->region), 0, 0, std::string(value)});
    return {};
  }

  std::vector<Row> rows_;
  std::size_t bytes_ = 0;
};

// edge_json(name, value, status): an edge, with what it last said of itself if it did.
Result<Value> edge_json(std::span<const ValueView> arguments) {
  EdgeRecord edge;
  if (!decode(content(arguments[1]), edge)) return undecodable(Roster::kEdges);
  EdgeView view;
  view.name = EdgeId(std::string(content(arguments[0])));
  view.region = edge.region;
  view.program = edge.program;
  view.first_seen = edge.first_seen;
  view.last_seen = edge.last_seen;
  std::copy(std::begin(edge.refused), std::end(edge.refused), std::begin(view.refused));
  view.last_refusal = edge.last_refusal;
  if (arguments[2].has_content()) {
    auto frame = uplink::decode(arguments[2].content);
    auto* status = frame ? std::get_if<uplink::Status>(&frame->body) : nullptr;
    if (status == nullptr) return undecodable(Roster::kStatus);
    view.status = std::move(*status);
  }
  auto json = Json::parse(to_json(view));
  json["node"] = view.status ? Json::parse(view.status->node, nullptr, false) : Json();
  return text(dump(json));
}

// latest_json(kind, key, value): a twin ('t') or an alert ('a'); null for rows of another kind and for removed ones.
Result<Value> latest_json(std::span<const ValueView> arguments) {
  const auto row = LatestTable::decode(content(arguments[1]), content(arguments[2]));
  if (!row) return undecodable(LatestTable::kTable);
  if (row->second.payload.empty() || row->first.key.substr(0, 1) != content(arguments[0])) return Value();
  const LatestView view = view_of_row(row->first, row->second);
  return text(view.alert.empty() ? stored_twin_to_json(view) : alert_to_json(view));
}

// fleet_function_json(value): a desired function.
Result<Value> fleet_function_json(std::span<const ValueView> arguments) {
  const auto wanted = decode_fleet_function(content(arguments[0]));
  if (!wanted) return undecodable(DesiredState::kTable);
  return text(dump({{"name", wanted->function.name.text()},
                    {"module_sha256", wanted->function.module_sha256},
                    {"edges", to_string(wanted->edges)},
                    {"since_position", to_number(wanted->since)}}));
}

// Contributions with their contributor, the first four bytes of their key.
const std::string kPartsOfContributors =
    "main.\"contributions\" part JOIN main.\"contributors\" contributor ON contributor.key = substr(part.key, 1, 4)";

// Labels are columns of the grouping, so that a condition on them is applied before anything is merged.
std::string merged_windows(const std::string& region) {
  const std::string labels = region + "window, start, \"end\", group_labels, property";
  const std::string rows = "(SELECT part_labels(part.key, part.value) AS j, part.key, part.value, contributor.value AS contributor FROM " +
                           kPartsOfContributors +
                           " UNION ALL SELECT frozen_labels(key), key, value, NULL FROM main.\"frozen_windows\" LIMIT -1 OFFSET 0)";
  const std::string labelled = "(SELECT j->>'$.region' AS region, " + kWindowLabels + ", key, value, contributor FROM " + rows + ")";
  const std::string merged = "(SELECT " + labels + ", merged_window(key, value, contributor) AS j FROM " + labelled + " GROUP BY " + labels + ")";
  return "SELECT " + labels + ", " + kWindowFigures + ", j->>'$.edges' AS edges, j->>'$.frozen' AS frozen FROM " + merged;
}

std::string latest(char kind) { return documents("latest_json('" + std::string(1, kind) + "', key, value)", "main.\"latest_rows\""); }

}  // namespace

QueryOptions fleet_sql() {
  QueryOptions options;
  options.functions = {{"part_labels", 2, part_labels},         {"frozen_labels", 1, frozen_labels},
                       {"contribution_json", 3, contribution_json}, {"edge_json", 3, edge_json},
                       {"latest_json", 3, latest_json},         {"fleet_function_json", 1, fleet_function_json}};
  options.aggregates = {{"merged_window", 3, [] { return std::make_unique<MergedWindow>(); }}};
  options.views = {
      {"windows", merged_windows("")},
      {"region_windows", merged_windows("region, ")},
      {"contributions",
       "SELECT j->>'$.edge' AS edge, j->>'$.incarnation' AS incarnation, j->>'$.lane' AS lane, j->>'$.region' AS region, "
       "j->>'$.revision' AS revision, j->>'$.arrival' AS arrival, " +
           kWindowLabels + ", " + kWindowFigures + " FROM " +
           documents("contribution_json(part.key, part.value, contributor.value)", kPartsOfContributors)},
      {"edges",
       "SELECT j->>'$.name' AS name, j->>'$.region' AS region, j->>'$.version' AS version, j->>'$.first_seen' AS first_seen, "
       "j->>'$.last_seen' AS last_seen, j->'$.functions' AS functions, j->'$.node' AS status, j->'$.refused_rows' AS refused_rows, "
       "j->>'$.last_refusal' AS last_refusal FROM " +
           documents("edge_json(edge.key, edge.value, said.value)",
                     "main.\"edges\" edge LEFT JOIN main.\"edge_status\" said ON said.key = edge.key")},
      {"functions",
       "SELECT j->>'$.name' AS name, j->>'$.module_sha256' AS module_sha256, j->>'$.edges' AS edges, "
       "j->>'$.since_position' AS since_position FROM " +
           documents("fleet_function_json(value)",
                     "main.\"desired_functions\" WHERE key <> CAST('" + std::string(kGenerationKey) + "' AS BLOB)")},
      {"twins", "SELECT j->>'$.edge' AS edge, " + kTwinColumns + " FROM " + latest(kTwinValuesKey) + " WHERE j IS NOT NULL"},
      {"properties", "SELECT j->>'$.edge' AS edge, j->>'$.id' AS twin, " + kPropertyColumns + " FROM " + latest(kTwinValuesKey) +
                         ", json_each(j, '$.properties') p WHERE j IS NOT NULL"},
      {"alerts", "SELECT j->>'$.edge' AS edge, " + kAlertColumns + " FROM " + latest(kAlertKey) + " WHERE j IS NOT NULL"}};
  return options;
}

}  // namespace doppel

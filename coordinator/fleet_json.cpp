#include "coordinator/fleet_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "twin_store/model/freshness.h"

namespace doppel {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json cursor(const std::string& next) { return next.empty() ? Json() : Json(next); }

std::string time_text(std::int64_t ns) { return format_rfc3339(from_nanoseconds(ns)); }

// What an edge sent as the text of an object; an empty one if it is none.
Json object_of(std::string_view text) {
  auto json = Json::parse(text, nullptr, false);
  return json.is_object() ? json : Json::object();
}

Json function_of(const uplink::FunctionStatus& function) {
  return {{"name", function.name},
          {"version", function.version},
          {"module_sha256", function.module_sha256},
          {"origin", function.from_fleet ? "fleet" : "local"},
          {"state", function.state},
          {"error", function.reason.empty() ? Json() : Json(function.reason)}};
}

Json summary_of(const EdgeView& edge) {
  Json json = {{"name", edge.name.text()},
               {"region", edge.region},
               {"connected", edge.connected},
               {"lag_seconds", edge.lag_seconds ? Json(*edge.lag_seconds) : Json()},
               {"last_seen", format_rfc3339(edge.last_seen)},
               {"version", edge.program},
               {"backlog_rows", edge.backlog_rows},
               {"alerts", edge.alerts}};
  if (!edge.status) return json;
  json["functions"] = Json::array();
  for (const auto& function : edge.status->functions) json["functions"].push_back(function_of(function));
  // Rates and places are the edge's own words.
  const auto node = object_of(edge.status->node);
  for (const auto& [name, value] : node.items()) {
    if (!json.contains(name)) json[name] = value;
  }
  return json;
}

Json with_details(const EdgeView& edge) {
  auto json = summary_of(edge);
  json["first_seen"] = format_rfc3339(edge.first_seen);
  json["incarnations"] = Json::array();
  for (const auto& incarnation : edge.incarnations) json["incarnations"].push_back(to_hex(incarnation));
  json["latest_twins"] = edge.twins;
  json["window_rows"] = edge.window_rows;
  json["wanted_generation"] = edge.wanted_generation;
  if (edge.status) {
    json["generation"] = edge.status->generation;
    json["dropped_rows"] = edge.status->dropped_rows;
  }
  if (!edge.status_json.empty()) json["status"] = object_of(edge.status_json);
  auto& refused = json["refused_rows"];
  for (std::size_t i = 0; i < kRefusals; ++i) refused[std::string(to_string(static_cast<Refusal>(i)))] = edge.refused[i];
  if (!edge.last_refusal.empty()) json["last_refusal"] = edge.last_refusal;
  return json;
}

void add_aggregate(Json& json, const Aggregate& aggregate) {
  const auto count = static_cast<double>(aggregate.count());
  json["count"] = aggregate.count();
  if (aggregate.count() == 0) return;
  json["mean"] = aggregate.mean();
  json["stddev"] = std::sqrt(aggregate.m2() / count);
  json["sum"] = aggregate.sum();
  json["min"] = aggregate.min();
  json["max"] = aggregate.max();
  json["first"] = aggregate.first().value;
  json["last"] = aggregate.last().value;
  constexpr std::pair<const char*, double> kQuantiles[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};
  for (const auto& [name, q] : kQuantiles) {
    if (const auto value = aggregate.quantile(q)) json[name] = *value;
  }
}

Json window_of(const WindowView& view) {
  const auto& key = view.key;
  Json json = {{"window", key.window},
               {"start", time_text(key.start_ns)},
               {"end", time_text(key.start_ns + key.length_ns)},
               {"level", to_string(view.level)},
               {"name", view.name},
               {"group", key.group},
               {"property", key.property},
               {"edges", view.edges},
               {"frozen", view.has_frozen}};
  if (view.sum.counts_twins()) {
    json["events"] = view.sum.population().events;
    json["twins"] = view.sum.population().twins.estimate();
  } else {
    add_aggregate(json, view.sum.aggregate());
  }
  return json;
}

Json twin_of(const LatestView& twin) {
  auto json = object_of(twin.payload);
  json["id"] = twin.id;
  json["edge"] = twin.edge;
  return json;
}

Json twin_of(const LatestView& twin, const LinkSnapshot& now) {
  auto json = twin_of(twin);
  const bool is_connected = std::any_of(now.links.begin(), now.links.end(),
                                        [&](const auto& link) { return link.connected && link.edge.text() == twin.edge; });
  const auto last_seen = json.value("last_seen", Json());
  json["status"] = is_connected ? status_of(last_seen.is_string() ? parse_rfc3339(last_seen.get<std::string>()) : std::nullopt, now.wall, {})
                                : kUnreachable;
  return json;
}

Json alert_of(const LatestView& alert) {
  auto json = object_of(alert.payload);
  json["edge"] = alert.edge;
  json["twin"] = alert.id;
  json["alert"] = alert.alert;
  return json;
}

std::span<const uplink::FunctionStatus> functions_of(const EdgeView& edge) {
  if (!edge.status) return {};
  return edge.status->functions;
}

// How many edges run what is wanted, and what keeps the others from it.
Json fleet_function_of(const FleetFunction& wanted, std::span<const EdgeView> edges) {
  const auto& function = wanted.function;
  Json json = {{"name", function.name.text()},
               {"module_sha256", function.module_sha256},
               {"edges", to_string(wanted.edges)},
               {"since_position", to_number(wanted.since)},
               {"manifest", function.manifest},
               {"origin", "fleet"}};
  std::size_t selected = 0, active = 0;
  Json others = Json::array();
  for (const auto& edge : edges) {
    if (!wanted.edges.selects(edge.name, edge.region)) continue;
    ++selected;
    const uplink::FunctionStatus* status = nullptr;
    for (const auto& each : functions_of(edge)) {
      if (each.name == function.name.text()) status = &each;
    }
    if (status != nullptr && status->from_fleet && status->state == "active" && status->module_sha256 == function.module_sha256) {
      ++active;
      json["version"] = status->version;
      continue;
    }
    others.push_back({{"edge", edge.name.text()},
                      {"connected", edge.connected},
                      {"state", status == nullptr ? Json() : Json(status->state)},
                      {"error", status == nullptr || status->reason.empty() ? Json() : Json(status->reason)}});
  }
  json["selected"] = selected;
  json["active"] = active;
  json["state"] = active == selected ? "active" : "rolling_out";
  json["others"] = std::move(others);
  return json;
}

template <class Items, class Render>
std::string list(const Items& items, const std::string& next, Render render) {
  Json json = {{"items", Json::array()}, {"next", cursor(next)}};
  for (const auto& item : items) json["items"].push_back(render(item));
  return text_of(json);
}

}  // namespace

std::string to_json(std::span<const EdgeView> edges) { return list(edges, "", summary_of); }

std::string to_json(const EdgeView& edge) { return text_of(with_details(edge)); }

std::string to_json(const WindowView& window) { return text_of(window_of(window)); }

std::string to_json(const WindowPage& page) { return list(page.items, page.next, window_of); }

std::string twins_to_json(const LatestPage& page, const LinkSnapshot& now) {
  return list(page.items, page.next, [&](const LatestView& twin) { return twin_of(twin, now); });
}

std::string alerts_to_json(const LatestPage& page) { return list(page.items, page.next, alert_of); }

std::string twin_to_json(const LatestView& twin, const LinkSnapshot& now) { return text_of(twin_of(twin, now)); }

std::string stored_twin_to_json(const LatestView& twin) { return text_of(twin_of(twin)); }

std::string alert_to_json(const LatestView& alert) { return text_of(alert_of(alert)); }

std::string functions_to_json(const std::map<std::string, FleetFunction>& functions, std::span<const EdgeView> edges) {
  return list(functions, "", [&](const auto& item) { return fleet_function_of(item.second, edges); });
}

std::string to_json(const FleetFunction& function, std::span<const EdgeView> edges) {
  return text_of(fleet_function_of(function, edges));
}

std::string deployed_to_json(const FleetFunction& function, const std::optional<EdgeSelector>& before, std::span<const EdgeView> edges) {
  Json json = fleet_function_of(function, edges);
  json["withdrawn"] = Json::array();
  json["unknown"] = Json::array();
  for (const auto& edge : edges) {
    const bool had_it = before && before->selects(edge.name, edge.region);
    if (had_it && !function.edges.selects(edge.name, edge.region)) json["withdrawn"].push_back(edge.name.text());
  }
  if (function.edges.kind == EdgeSelector::Kind::names) {
    for (const auto& name : function.edges.names) {
      const bool is_known = std::any_of(edges.begin(), edges.end(), [&](const EdgeView& edge) { return edge.name.text() == name; });
      if (!is_known) json["unknown"].push_back(name);
    }
  }
  return text_of(json);
}

}  // namespace doppel

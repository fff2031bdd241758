#include "edge_runtime/programs/coordinator_api.h"

#include <nlohmann/json.hpp>

#include "coordinator/fleet_json.h"
#include "coordinator/fleet_sql.h"
#include "edge_runtime/programs/edge_selection.h"
#include "edge_runtime/programs/twin_filter.h"
#include "functions/abi/manifest.h"

namespace doppel {
namespace {

using Json = nlohmann::ordered_json;

// A selector that takes nothing is a mistake: the function stays where it is, which nobody wanted who asked for this.
Result<std::optional<EdgeSelector>> left_without(const EdgeSelector& selector, const EdgeSelector& taken, std::span<const EdgeView> edges) {
  auto left = without(selector, taken);
  const bool takes_some = left && (!left->has_value() || **left != selector);
  if (takes_some) return left;
  if (auto selects = check_selects(taken, edges); !selects) return selects.error();
  if (!left) return left;
  return conflict("the function is for edges " + to_string(selector) + ", and none of them is selected by " + to_string(taken));
}

}  // namespace

CoordinatorService::CoordinatorService(Parts parts)
    : parts_(std::move(parts)), started_(parts_.core.clock().wall()), sql_(parts_.core, worker_, fleet_sql()) {}

LinkSnapshot CoordinatorService::links() const {
  return {parts_.server().links(), parts_.core.clock().monotonic(), parts_.core.clock().wall()};
}

template <class T>
void CoordinatorService::ask(Answer<T> answer, std::function<Result<T>(const FleetView&)> read) {
  const bool posted = parts_.core.post([this, answer, read = std::move(read)](Lane&) { answer(read(FleetView(parts_.fold))); });
  if (!posted) answer(lane_is_busy());
}

void CoordinatorService::list_twins(const TwinQuery& query, Answer<std::string> answer) {
  ask<std::string>(answer, [this, query](const FleetView& fleet) -> Result<std::string> {
    LatestFilter filter;
    filter.edge = query.edge;
    filter.prefix = query.prefix;
    filter.limit = query.page.limit;
    filter.after = query.page.after;
    const auto page = fleet.twins(filter);
    if (!page) return page.error();
    return as_asked(twins_to_json(*page, links()), query);
  });
}

void CoordinatorService::get_twin(const std::optional<EdgeId>& edge, const TwinId& id, TwinFormat format, Answer<std::string> wanted) {
  const Answer<std::string> answer = [format, wanted](Result<std::string> twin) { wanted(twin ? in_format(*twin, format) : twin); };
  const bool posted = parts_.core.post([this, edge, id, answer](Lane&) {
    const FleetView fleet(parts_.fold);
    const auto known = fleet.find_twin(id.text());
    if (edge) {
      if (parts_.fold.roster().find(*edge) == nullptr) return answer(not_found("no edge " + edge->text() + " has ever said hello"));
      std::string latest;
      for (const auto& twin : known) {
        if (twin.edge == edge->text()) latest = twin_to_json(twin, links());
      }
      return ask_edge(*edge, id, std::move(latest), answer);
    }
    if (known.empty()) return answer(not_found("no edge has sent a twin " + id.text() + " up; name its edge: /api/v1/edges/EDGE/twins/ID"));
    if (known.size() == 1) return ask_edge(EdgeId(std::string(known.front().edge)), id, twin_to_json(known.front(), links()), answer);
    std::string edges;
    for (const auto& twin : known) edges += " " + std::string(twin.edge);
    answer(conflict("several edges have a twin " + id.text() + ":" + edges));
  });
  if (!posted) answer(lane_is_busy());
}

// `fallback`: its latest values as they are here, for when the edge does not answer; "" without any.
void CoordinatorService::ask_edge(const EdgeId& edge, const TwinId& id, std::string fallback, const Answer<std::string>& answer) {
  parts_.server().query(edge, "twin", id.text(), [edge, fallback = std::move(fallback), answer](Result<uplink::QueryResult> result) {
    const bool is_too_large = result && result->status == 507;
    if ((!result || is_too_large) && !fallback.empty()) return answer(fallback);
    if (!result) return answer(result.error());
    if (is_too_large) return answer(limit_exceeded("the twin is too large for the uplink: ask edge " + edge.text() + " itself"));
    if (result->status == 404) return answer(not_found(result->body));
    if (result->status != 200) return answer(unavailable("edge " + edge.text() + " answered " + std::to_string(result->status)));
    auto twin = Json::parse(result->body, nullptr, false);
    if (!twin.is_object()) return answer(corrupt_data("edge " + edge.text() + " answered with something that is no twin"));
    twin["edge"] = edge.text();
    answer(twin.dump());
  });
}

void CoordinatorService::query(const SqlQuery& query, Answer<std::string> answer) { sql_.run(query, std::move(answer)); }

void CoordinatorService::list_aggregates(const AggregateQuery& query, Answer<std::string> answer) {
  ask<std::string>(answer, [query](const FleetView& fleet) -> Result<std::string> {
    const auto level = parse_level(query.level);
    if (!level) return level.error();
    WindowFilter filter;
    filter.level = *level;
    filter.edge = query.edge;
    filter.window = query.window;
    filter.group = query.group;
    filter.property = query.property;
    filter.from = query.from;
    filter.to = query.to;
    filter.limit = query.page.limit;
    filter.after = query.page.after;
    const auto page = fleet.windows(filter);
    if (!page) return page.error();
    return to_json(*page);
  });
}

void CoordinatorService::list_alerts(const AlertQuery& query, Answer<std::string> answer) {
  ask<std::string>(answer, [query](const FleetView& fleet) -> Result<std::string> {
    LatestFilter filter;
    filter.edge = query.edge;
    if (!query.twin.empty()) filter.prefix = query.twin + '\0';
    filter.limit = query.page.limit;
    filter.after = query.page.after;
    const auto alerts = fleet.alerts(filter);
    if (!alerts) return alerts.error();
    return alerts_to_json(*alerts);
  });
}

void CoordinatorService::list_functions(Answer<std::string> answer) {
  ask<std::string>(answer, [this](const FleetView& fleet) -> Result<std::string> { return functions_to_json(fleet.functions(), fleet.edges(links())); });
}

void CoordinatorService::get_function(const FunctionName& name, Answer<std::string> answer) {
  ask<std::string>(answer, [this, name](const FleetView& fleet) -> Result<std::string> {
    const auto at = fleet.functions().find(name.text());
    if (at == fleet.functions().end()) return not_found("the fleet has no function " + name.text());
    return to_json(at->second, fleet.edges(links()));
  });
}

void CoordinatorService::put_function(FunctionUpload upload, Answer<FunctionAccepted> answer) {
  const auto edges = parse_selector(upload.edges);
  if (!edges) return answer(edges.error());
  const auto shared = std::make_shared<const FunctionUpload>(std::move(upload));
  const bool posted = parts_.core.post([this, shared, edges = *edges, answer](Lane&) {
    if (auto fits = parts_.fold.desired().check(shared->name, shared->manifest); !fits) return answer(fits.error());
    if (auto selects = check_selects(edges, FleetView(parts_.fold).edges(links())); !selects && !shared->future) {
      return answer(conflict(selects.error().message + "; for edges that come later: --future, or future=true"));
    }
    const auto functions = FleetView(parts_.fold).functions();
    const auto at = functions.find(shared->name.text());
    const auto before = at == functions.end() ? std::nullopt : std::optional(at->second.edges);
    if (!worker_.submit([this, shared, edges, before, answer] { install(*shared, edges, before, answer); })) answer(lane_is_busy());
  });
  if (!posted) answer(lane_is_busy());
}

// On the worker: compiling takes its time. `before`: the edges that had a function of this name.
void CoordinatorService::install(const FunctionUpload& upload, const EdgeSelector& edges, const std::optional<EdgeSelector>& before,
                                 const Answer<FunctionAccepted>& answer) {
  const auto manifest = parse_manifest(upload.manifest);
  if (!manifest) return answer(manifest.error());
  if (manifest->name != upload.name) return answer(conflict("the manifest names the function " + manifest->name.text() + ", not " + upload.name.text()));
  if (auto performed = check_is_performed(*manifest); !performed) return answer(performed.error());
  if (auto valid = parts_.core.engine().validate(upload.module, *manifest); !valid) return answer(valid.error());
  auto held = parts_.core.blob_keeper().hold();
  const auto sha256 = parts_.core.blobs().put(upload.module);
  if (!sha256) return answer(sha256.error());
  const DesiredChange change{false, {upload.name, upload.manifest, *sha256}, edges};
  append_desired(change, [this, name = upload.name, before, answer](Result<void> done) {
    if (!done) return answer(done.error());
    const auto functions = FleetView(parts_.fold).functions();
    const auto at = functions.find(name.text());
    if (at == functions.end()) return answer(conflict("the desired function " + name.text() + " was replaced or removed meanwhile"));
    answer(FunctionAccepted{!before.has_value(), deployed_to_json(at->second, before, FleetView(parts_.fold).edges(links()))});
  });
  held.unlock();
  parts_.core.sweep_blobs();
}

void CoordinatorService::delete_function(const FunctionName& name, const std::string& edges, Answer<std::string> answer) {
  const auto selector = parse_selector(edges);
  if (!selector) return answer(selector.error());
  const bool posted = parts_.core.post([this, name, selector = *selector, answer](Lane&) {
    const auto functions = FleetView(parts_.fold).functions();
    const auto at = functions.find(name.text());
    if (at == functions.end()) return answer(not_found("the fleet has no function " + name.text()));
    const auto left = left_without(at->second.edges, selector, FleetView(parts_.fold).edges(links()));
    if (!left) return answer(left.error());
    DesiredChange change;
    change.removed = !left->has_value();
    change.function = at->second.function;
    change.edges = left->value_or(EdgeSelector());
    append_desired(change, [name, change, answer](Result<void> done) {
      if (!done) return answer(done.error());
      answer(Json{{"name", name.text()}, {"removed", change.removed}, {"edges", change.removed ? Json() : Json(to_string(change.edges))}}.dump());
    });
  });
  if (!posted) answer(lane_is_busy());
}

// `then` runs on the lane's thread once the fold has taken the change, or refused it: what was found to fit may not fit any more.
void CoordinatorService::append_desired(const DesiredChange& change, const std::function<void(Result<void>)>& then) {
  const std::string payload = encode(change);
  const auto position = parts_.core.journal().append({.kind = RecordKind::desired, .topic = kDesiredFunctionTopic, .payload = payload});
  if (!position) return then(not_journaled(position.error()));
  if (auto synced = parts_.core.journal().sync(); !synced) return then(synced.error());
  const auto tell = [this, then, position = *position] {
    const auto refusal = parts_.fold.refusal_of(position);
    then(refusal ? Result<void>(*refusal) : Result<void>());
  };
  if (!parts_.core.when_applied(*position, tell)) then(lane_is_busy());
}

void CoordinatorService::list_edges(Answer<std::string> answer) {
  ask<std::string>(answer, [this](const FleetView& fleet) -> Result<std::string> { return to_json(fleet.edges(links())); });
}

void CoordinatorService::get_edge(const EdgeId& edge, Answer<std::string> answer) {
  ask<std::string>(answer, [this, edge](const FleetView& fleet) -> Result<std::string> {
    const auto view = fleet.edge(edge, links());
    if (!view) return not_found("no edge " + edge.text() + " has ever said hello");
    return to_json(*view);
  });
}

void CoordinatorService::node(Answer<std::string> answer) {
  const bool posted = parts_.core.post([this, answer](Lane& lane) {
    const auto edges = FleetView(parts_.fold).edges(links());
    std::size_t connected = 0, alerts = 0, rows = 0;
    double rate = 0;
    for (const auto& edge : edges) {
      connected += edge.connected;
      alerts += edge.alerts;
      rows += edge.window_rows;
      if (!edge.connected || !edge.status) continue;
      const auto status = Json::parse(edge.status->node, nullptr, false);
      if (status.is_object()) rate += status.value("events_per_second", 0.0);
    }
    Journal& journal = parts_.core.journal();
    const Duration up = parts_.core.clock().wall() - started_;
    const Json json = {{"role", "coordinator"},
                       {"name", parts_.config.name},
                       {"region", parts_.config.region},
                       {"version", program_version()},
                       {"uptime_seconds", std::chrono::duration<double>(up).count()},
                       {"counters",
                        {{"edges", edges.size()},
                         {"edges_connected", connected},
                         {"functions", parts_.fold.desired().functions().size()},
                         {"alerts", alerts},
                         {"window_rows", rows},
                         {"bad_frames", parts_.server().bad_frames()},
                         {"bad_records", parts_.fold.bad_records()}}},
                       {"rates", {{"events_per_second", rate}}},
                       {"journal",
                        {{"first_position", to_number(journal.first())},
                         {"last_position", to_number(journal.last())},
                         {"synced_position", to_number(journal.last_synced())},
                         {"applied_position", to_number(lane.applied().position)},
                         {"epoch", to_number(lane.applied().epoch)},
                         {"bytes", journal.size_bytes()}}},
                       {"store", {{"commits", lane.counts().commits}, {"bytes_written", parts_.core.store_io().bytes_written()}}},
                       {"uplink", {{"address", parts_.server().address()}}}};
    answer(json.dump());
  });
  if (!posted) answer(lane_is_busy());
}

void CoordinatorService::metrics(Answer<std::vector<MetricSample>> answer) {
  ask<std::vector<MetricSample>>(answer, [this](const FleetView& fleet) -> Result<std::vector<MetricSample>> {
    auto samples = parts_.outer_metrics();
    const auto add = [&](std::string name, std::string help, MetricType type, std::uint64_t value) {
      samples.push_back({std::move(name), std::move(help), type, {}, static_cast<double>(value)});
    };
    std::uint64_t connected = 0, known = 0, rows = 0, alerts = 0;
    for (const auto& edge : fleet.edges(links())) {
      ++known;
      connected += edge.connected;
      rows += edge.window_rows;
      alerts += edge.alerts;
    }
    add("doppel_edges", "Edges that have ever said hello.", MetricType::gauge, known);
    add("doppel_edges_connected", "Edges with an open session.", MetricType::gauge, connected);
    add("doppel_window_rows", "Window rows of all edges.", MetricType::gauge, rows);
    add("doppel_alerts", "Alerts that stand.", MetricType::gauge, alerts);
    add("doppel_functions_desired", "Functions that the fleet is to run.", MetricType::gauge, fleet.functions().size());
    add("doppel_uplink_bad_frames_total", "Frames that did not decode.", MetricType::counter, parts_.server().bad_frames());
    add("doppel_journal_last_position", "Position of the last record.", MetricType::gauge, to_number(parts_.core.journal().last()));
    add("doppel_journal_size_bytes", "Segments on disk.", MetricType::gauge, parts_.core.journal().size_bytes());
    add("doppel_store_written_bytes_total", "Bytes that SQLite has written.", MetricType::counter, parts_.core.store_io().bytes_written());
    return samples;
  });
}

}  // namespace doppel

// doppel twin list | get | watch | query | set
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stop_token>
#include <utility>

#include "edge_runtime/http/parameters.h"
#include "edge_runtime/http/url.h"
#include "edge_runtime/programs/cli_app.h"
#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/json_output.h"
#include "edge_runtime/programs/node_client.h"
#include "edge_runtime/programs/output.h"
#include "edge_runtime/programs/stop_signal.h"

namespace doppel {
namespace {

using nlohmann::json;

constexpr std::size_t kMostAPage = 1000;
const std::string kTwinIds = "a twin's id, 1 to " + std::to_string(kMaxTwinId) + " bytes of UTF-8";

struct Options {
  ApiOptions client;
  std::string id, edge, prefix, model, status, property, value, sql, if_revision;
  std::vector<std::string> where, labels;
  std::size_t limit = 100;
};

std::vector<std::pair<std::string, std::string>> filters(const Options& options) {
  std::vector<std::pair<std::string, std::string>> query{{"edge", options.edge},
                                                         {"prefix", options.prefix},
                                                         {"model", options.model},
                                                         {"status", options.status}};
  for (const std::string& label : options.labels) query.emplace_back("label", label);
  for (const std::string& predicate : options.where) query.emplace_back("where", predicate);
  return query;
}

// Up to options.limit twins, page by page.
Result<json> read_twins(HttpClient& client, const Options& options) {
  json items = json::array();
  std::string after;
  while (items.size() < options.limit) {
    auto query = filters(options);
    query.emplace_back("limit", std::to_string(std::min(options.limit - items.size(), kMostAPage)));
    query.emplace_back("after", after);
    const auto answer = client.get(target("/api/v1/twins", query));
    if (!answer) return answer.error();
    auto page = parse_answer(*answer);
    if (!page) return page.error();
    for (auto& twin : page->at("items")) items.push_back(std::move(twin));
    if (page->value("next", json()).is_null()) return json{{"items", items}, {"next", nullptr}};
    after = page->at("next").get<std::string>();
  }
  return json{{"items", items}, {"next", after}};
}

// "temperature=20.5 humidity=3", as much as fits a line.
std::string properties_line(const json& twin) {
  constexpr std::size_t kWidth = 70;
  std::string out;
  const json properties = twin.value("properties", json::object());
  for (const auto& [name, property] : properties.items()) {
    const std::string one = name + "=" + cell(property, "v");
    if (out.size() + one.size() > kWidth) return out + (out.empty() ? "..." : " ...");
    out += (out.empty() ? "" : " ") + one;
  }
  return out;
}

int list(const Options& options) {
  auto client = connect(options.client, Wanted::edge_or_else_coordinator);
  if (!client) return fail(client.error());
  const auto twins = read_twins(*client, options);
  if (!twins) return fail(twins.error());
  if (options.client.json) return print(twins->dump(2) + "\n"), kDone;
  const bool has_edges = std::any_of(twins->at("items").begin(), twins->at("items").end(),
                                     [](const json& twin) { return twin.contains("edge"); });
  std::vector<std::string> heading{"TWIN", "STATUS", "EVENTS", "LAST SEEN", "PROPERTIES"};
  if (has_edges) heading.insert(heading.begin(), "EDGE");
  Table table(heading);
  for (const json& twin : twins->at("items")) {
    std::vector<std::string> row{cell(twin, "id"), cell(twin, "status"), cell(twin, "events"), age(twin, "last_seen"),
                                 properties_line(twin)};
    if (has_edges) row.insert(row.begin(), cell(twin, "edge"));
    table.add(std::move(row));
  }
  print(table.text());
  if (!twins->at("next").is_null()) print(styled("There are more: --limit N shows them.\n", Style::dim));
  return kDone;
}

std::string twin_target(const Options& options) {
  return target("/api/v1/twins/" + percent_encode(options.id), {{"edge", options.edge}});
}

void print_twin(const json& twin) {
  print(styled(printable(cell(twin, "id")), Style::bold) + "\n");
  for (const char* key : {"edge", "model", "status", "events", "rev", "last_seen", "geo", "labels"}) {
    if (twin.contains(key) && !twin.at(key).is_null()) {
      print("  " + std::string(key) + ": " + printable(cell(twin, key)) + "\n");
    }
  }
  Table table({"PROPERTY", "VALUE", "TIME", "REV", "DESIRED"});
  const json properties = twin.value("properties", json::object());
  for (const auto& [name, property] : properties.items()) {
    table.add({name, cell(property, "v"), age(property, "ts"), cell(property, "rev"),
               property.contains("desired") ? cell(property, "desired") : ""});
  }
  print(table.text());
}

// Those that stand for it; many twins of a fleet have none.
Result<void> print_alerts(HttpClient& client, const json& twin) {
  const auto answer = client.get(target("/api/v1/alerts", {{"twin", twin.value("id", "")}, {"edge", twin.value("edge", "")}}));
  if (!answer) return answer.error();
  const auto alerts = parse_answer(*answer);
  if (!alerts) return alerts.error();
  if (alerts->at("items").empty()) return {};
  Table table({"ALERT", "VALUE", "SINCE", "FUNCTION"});
  for (const json& alert : alerts->at("items")) table.add({cell(alert, "alert"), cell(alert, "value"), age(alert, "since"), cell(alert, "function")});
  print(table.text());
  return {};
}

int get(const Options& options) {
  auto client = connect(options.client, Wanted::edge_or_else_coordinator);
  if (!client) return fail(client.error());
  const auto answer = client->get(twin_target(options));
  if (!answer) return fail(answer.error());
  const auto twin = parse_answer(*answer);
  if (!twin) return fail(twin.error());
  if (options.client.json) return print(twin->dump(2) + "\n"), kDone;
  print_twin(*twin);
  const auto alerts = print_alerts(*client, *twin);
  return alerts ? kDone : fail(alerts.error());
}

// A value that is too large for a change is not in it.
std::string value_or_dots(const json& property, const char* member) {
  return property.contains(member) ? printable(cell(property, member)) : "...";
}

void print_change(const json& change) {
  std::string line = styled(printable(cell(change, "last_seen")), Style::dim) + "  ";
  if (change.contains("edge")) line += printable(cell(change, "edge")) + " ";
  line += styled(printable(cell(change, "id")), Style::bold);
  for (const json& name : change.value("removed", json::array())) line += "  " + printable(cell_text(name)) + " removed";
  const json properties = change.value("properties", json::object());
  for (const auto& [name, property] : properties.items()) {
    if (property.contains("ts")) line += "  " + printable(name) + "=" + value_or_dots(property, "v");
    if (property.contains("pending_since")) line += "  " + printable(name) + " desired=" + value_or_dots(property, "desired");
  }
  if (change.contains("omitted")) line += "  ... and " + printable(cell(change, "omitted")) + " more";
  print(line + "\n");
}

// A whole id, or with a # at the end: every twin whose id begins so.
std::string stream_target(const Options& options) {
  const bool prefix = options.id.ends_with('#');
  return target("/api/v1/stream", {{prefix ? "prefix" : "twin", prefix ? options.id.substr(0, options.id.size() - 1) : options.id},
                                   {"edge", options.edge},
                                   {"property", options.property},
                                   {"model", options.model}});
}

// Follows the changes for as long as it is not stopped, also through a restart of the node: from the last change seen on.
class Watch {
 public:
  Watch(const Options& options, std::stop_token stop) : options_(options), stop_(std::move(stop)) {}

  int run() {
    const auto endpoint = find_node(options_.client.node, Wanted::edge_or_else_coordinator);
    if (!endpoint) return fail(endpoint.error());
    // The same node again, not another one that runs here meanwhile.
    client_.node.data = endpoint->data;
    for (;;) {
      const auto ended = follow();
      if (ended || stop_.stop_requested()) return kDone;
      if (!has_begun_) return fail(ended.error());
      if (std::exchange(is_connected_, false)) say("lost the node: " + ended.error().message + "; trying again");
      wait();
    }
  }

 private:
  static constexpr std::chrono::milliseconds kFirstPause{500}, kLongestPause{8'000};

  // Until stopped, or an error.
  Result<void> follow() {
    auto client = connect(client_, Wanted::edge_or_else_coordinator);
    if (!client) return client.error();
    return client->stream(stream_target(options_), last_event_id_, stop_, [this](const SseEvent& event) {
      event.type == "open" ? begin() : show(event);
      return HttpClient::Next::go_on;
    });
  }

  void begin() {
    if (has_begun_) say("the node is back");
    has_begun_ = is_connected_ = true;
    pause_ = kFirstPause;
  }

  void show(const SseEvent& event) const {
    if (options_.client.json) return print(event.data + "\n");
    if (event.type == "gap") return print(styled("some changes were missed\n", Style::bad));
    if (const auto change = parse_answer(event.data)) print_change(*change);
  }

  void wait() {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    stopped.wait_for(lock, stop_, pause_, [] { return false; });
    pause_ = std::min(2 * pause_, kLongestPause);
  }

  static void say(const std::string& text) { std::fprintf(stderr, "doppel: %s\n", printable(text).c_str()); }

  const Options& options_;
  const std::stop_token stop_;
  ApiOptions client_ = options_.client;
  std::string last_event_id_;
  bool has_begun_ = false, is_connected_ = false;
  std::chrono::milliseconds pause_ = kFirstPause;
};

int watch(const Options& options) {
  const StopSignal signal;
  return Watch(options, signal.token()).run();
}

int query(const Options& options) {
  auto client = connect(options.client, Wanted::edge_or_else_coordinator);
  if (!client) return fail(client.error());
  ClientRequest request{.method = Method::post,
                        .target = "/api/v1/query",
                        .content_type = "application/json",
                        .body = json{{"sql", options.sql}}.dump(),
                        .headers = {}};
  const auto answer = client->ask(request);
  if (!answer) return fail(answer.error());
  const auto rows = parse_answer(*answer);
  if (!rows) return fail(rows.error());
  if (options.client.json) return print(rows->dump(2) + "\n"), kDone;
  std::vector<std::string> heading;
  for (const json& column : rows->at("columns")) heading.push_back(cell_text(column));
  Table table(heading);
  for (const json& row : rows->at("rows")) {
    std::vector<std::string> cells;
    for (const json& value : row) cells.push_back(cell_text(value));
    table.add(std::move(cells));
  }
  print(table.text());
  return kDone;
}

// JSON where it reads as JSON ("5", "true", "[1]"), text otherwise.
json value_of(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

int set(const Options& options) {
  auto client = connect(options.client, Wanted::edge);
  if (!client) return fail(client.error());
  ClientRequest request{
      .method = Method::put,
      .target = "/api/v1/twins/" + percent_encode(options.id) + "/properties/" + percent_encode(options.property),
      .content_type = "application/json",
      .body = json{{"v", value_of(options.value)}}.dump(-1, ' ', false, json::error_handler_t::replace),
      .headers = {}};
  if (!options.if_revision.empty()) request.headers.emplace_back("If-Match", "\"" + options.if_revision + "\"");
  const auto answer = client->ask(request);
  if (!answer) return fail(answer.error());
  if (options.client.json) return print(*answer + "\n"), kDone;
  print(options.id + " " + options.property + " = " + options.value + "\n");
  return kDone;
}

void add_id(CLI::App& app, Options& options) {
  refuse_empty(*app.add_option("id", options.id, "Twin id")->required()->type_name("ID"), kTwinIds);
  app.add_option("--edge", options.edge, "At a coordinator: the edge of the twin")->type_name("NAME");
}

}  // namespace

void add_twin_commands(CLI::App& root, Chosen& chosen) {
  CLI::App& group = add_group(root, "twin", "Read twins, follow them, set their properties");

  const auto listing = add_command(group, chosen,
      {"list", "List twins",
       "  doppel twin list\n"
       "  doppel twin list --prefix plant/north/ --where 'temperature>90'\n"
       "  doppel twin list --server http://127.0.0.1:7070 --json"},
      list);
  listing.app.add_option("--prefix", listing.options.prefix, "Ids that begin with this")->type_name("TEXT");
  listing.app.add_option("--model", listing.options.model, "Of this model")->type_name("NAME");
  listing.app.add_option("--status", listing.options.status, "online, stale, offline, never, unreachable")
      ->type_name("STATUS")
      ->check(CLI::IsMember({"online", "stale", "offline", "never", "unreachable"}));
  listing.app.add_option("--label", listing.options.labels, "With this label")->type_name("NAME=VALUE")->allow_extra_args(false)
      ->check([](const std::string& label) { return label.find('=') == std::string::npos ? label + ": write NAME=VALUE" : std::string(); });
  listing.app.add_option("--where", listing.options.where, "With such a property; = != < <= > >=")
      ->type_name("'NAME>VALUE'")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        const auto predicate = parse_predicate(text);
        return predicate ? std::string() : predicate.error().message;
      });
  listing.app.add_option("--edge", listing.options.edge, "At a coordinator: of this edge")->type_name("NAME");
  allow_numbers(*listing.app.add_option("--limit", listing.options.limit, "At most this many; default: 100")->type_name("N"), 1);
  add_client_options(listing.app, listing.options.client);

  const auto getting = add_command(group, chosen,
      {"get", "Show one twin",
       "  doppel twin get plant/north/motor-1\n"
       "  doppel twin get plant/north/motor-1 --json"},
      get);
  add_id(getting.app, getting.options);
  add_client_options(getting.app, getting.options.client);

  const auto watching = add_command(group, chosen,
      {"watch", "Follow changes as they happen",
       "  doppel twin watch\n"
       "  doppel twin watch plant/north/motor-1\n"
       "  doppel twin watch 'plant/north/#' --property temperature"},
      watch);
  watching.app.add_option("id", watching.options.id, "Twin id, or its beginning and a #; default: all")->type_name("ID");
  watching.app.add_option("--property", watching.options.property, "Changes of this property")->type_name("NAME");
  watching.app.add_option("--model", watching.options.model, "Twins of this model")->type_name("NAME");
  watching.app.add_option("--edge", watching.options.edge, "At a coordinator: of this edge")->type_name("NAME");
  add_client_options(watching.app, watching.options.client);

  const auto querying = add_command(group, chosen,
      {"query", "Ask in SQL; reads only",
       "  doppel twin query \"SELECT id, events FROM twins ORDER BY events DESC LIMIT 5\"\n"
       "  doppel twin query \"SELECT twin, value FROM properties WHERE name = 'temperature'\"\n\n"
       "Views of an edge:\n"
       "  twins(id, model, rev, events, last_seen, labels, geo)\n"
       "  properties(twin, name, value, ts, rev, desired)\n"
       "  windows(window, start, end, group_labels, property, FIGURES)\n"
       "  alerts(twin, alert, function, value, since)\n"
       "Views of a coordinator:\n"
       "  windows, merged over the fleet; region_windows, with region; contributions, with edge and more\n"
       "  edges, functions; twins, properties, alerts: of the twins that edges send up, with edge\n"
       "FIGURES: count, mean, stddev, sum, min, max, first, last, p50, p95, p99; events, twins where property is ''"},
      query);
  querying.app.add_option("sql", querying.options.sql, "SELECT ...")->required()->type_name("SQL");
  add_client_options(querying.app, querying.options.client);

  const auto setting = add_command(group, chosen,
      {"set", "Set a property of a twin",
       "  doppel twin set plant/north/motor-1 limit 85.5\n"
       "  doppel twin set plant/north/motor-1 limit 80 --if-revision 3"},
      set);
  refuse_empty(*setting.app.add_option("id", setting.options.id, "Twin id")->required()->type_name("ID"), kTwinIds);
  refuse_empty(*setting.app.add_option("property", setting.options.property, "Property")->required()->type_name("PROPERTY"),
               "a property's name, one character or more");
  setting.app.add_option("value", setting.options.value, "JSON, or else text")->required()->type_name("VALUE");
  setting.app.add_option("--if-revision", setting.options.if_revision, "Only where the property's revision is this one")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  add_client_options(setting.app, setting.options.client);
}

}  // namespace doppel

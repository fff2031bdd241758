#include "edge_runtime/http/node_routes.h"

#include "edge_runtime/http/metrics.h"
#include "edge_runtime/http/openapi.h"
#include "edge_runtime/http/parameters.h"
#include "edge_runtime/http/problem.h"
#include "edge_runtime/http/routes.h"

namespace doppel {
namespace {

const RouteOptions kProbe{.produces = "text/plain", .access = Access::open};
const std::vector<std::string> kPage = {"limit", "after"};

std::vector<std::string> with_page(std::vector<std::string> names) {
  names.insert(names.begin(), kPage.begin(), kPage.end());
  return names;
}

Response text(std::string body, std::string_view content_type) {
  Response response;
  response.content_type = content_type;
  response.body = std::move(body);
  return response;
}

Handler check(std::function<Result<void>()> state) {
  return [state](const Request&, const Reply& reply) {
    const auto result = state();
    if (!result) return reply.fail(Status::service_unavailable, result.error().message);
    reply.send(text("ok\n", "text/plain; charset=utf-8"));
  };
}

void add_operations(Router& router, NodeApi& api) {
  router.add(Method::get, "/healthz", check([&api] { return api.health(); }), kProbe);
  router.add(Method::get, "/readyz", check([&api] { return api.readiness(); }), kProbe);
  router.add(
      Method::get, "/metrics",
      [&api](const Request&, const Reply& reply) {
        api.metrics([reply](Result<std::vector<MetricSample>> samples) {
          if (!samples) return reply.fail(samples.error());
          reply.send(text(prometheus_text(*samples), kMetricsMediaType));
        });
      },
      {.produces = "text/plain"});
  router.add(Method::get, "/api/v1/node", [&api](const Request&, const Reply& reply) { api.node(answer_json(reply)); });
  router.add(
      Method::get, "/api/v1/openapi.json",
      [](const Request&, const Reply& reply) {
        Response response;
        response.static_body = openapi_json();
        reply.send(std::move(response));
      },
      {.access = Access::open});
}

void add_reading(Router& router, NodeApi& api) {
  router.add(Method::get, "/api/v1/twins",
             parsed(parse_twin_query, [&api](const TwinQuery& query, auto answer) { api.list_twins(query, answer); }),
             {.query = with_page({"format", "edge", "prefix", "model", "status", "label", "where"})});
  router.add(Method::get, "/api/v1/aggregates",
             parsed(parse_aggregate_query,
                    [&api](const AggregateQuery& query, auto answer) { api.list_aggregates(query, answer); }),
             {.query = with_page({"level", "edge", "window", "group", "property", "from", "to"})});
  router.add(Method::get, "/api/v1/alerts",
             parsed(parse_alert_query, [&api](const AlertQuery& query, auto answer) { api.list_alerts(query, answer); }),
             {.query = with_page({"edge", "twin"})});
  router.add(Method::post, "/api/v1/query",
             parsed(parse_sql_query, [&api](const SqlQuery& query, auto answer) { api.query(query, answer); }),
             {.consumes = "application/json", .body_bytes = kMaxSqlBytes});
}

void add_functions(Router& router, NodeApi& api) {
  const std::string one = "/api/v1/functions/{name}";
  const auto name_of = [](const Request& request) { return parse_function_name(request.segment("name")); };
  router.add(Method::get, "/api/v1/functions",
             [&api](const Request&, const Reply& reply) { api.list_functions(answer_json(reply)); });
  router.add(Method::get, one,
             parsed(name_of, [&api](const FunctionName& name, auto answer) { api.get_function(name, answer); }));
  router.add(
      Method::put, one,
      [&api](const Request& request, const Reply& reply) {
        auto upload = parse_function_upload(request);
        if (!upload) return reply.fail(upload.error());
        api.put_function(*std::move(upload), [reply](Result<FunctionAccepted> accepted) {
          if (!accepted) return reply.fail(accepted.error());
          Response response;
          response.status = accepted->created ? Status::created : Status::ok;
          response.body = std::move(accepted->json);
          reply.send(std::move(response));
        });
      },
      {.query = {"edges", "future"}, .consumes = "multipart/form-data", .body_bytes = kMaxUploadBytes});
  router.add(
      Method::remove, one,
      [&api](const Request& request, const Reply& reply) {
        const auto name = parse_function_name(request.segment("name"));
        if (!name) return reply.fail(name.error());
        const auto edges = request.parameter("edges");
        if (!edges) return reply.fail(edges.error());
        api.delete_function(*name, edges->value_or(""), answer_json(reply));
      },
      {.query = {"edges"}});
}

void add_stream(Router& router, StreamHub& hub) {
  router.add(
      Method::get, "/api/v1/stream",
      [&hub](const Request& request, const Reply& reply) {
        auto filter = parse_stream_filter(request);
        if (!filter) return reply.fail(filter.error());
        reply.stream(hub.subscribe(*std::move(filter), request.headers.find("Last-Event-ID").value_or("")));
      },
      {.query = {"edge", "twin", "prefix", "model", "property"}, .produces = "text/event-stream"});
}

}  // namespace

Router make_starting_router() {
  const std::string why = "the node is starting: it makes its state again from the journal";
  Router router;
  router.add(Method::get, "/healthz", check([] { return Result<void>(); }), kProbe);
  router.add(Method::get, "/readyz", check([why] { return Result<void>(unavailable(why)); }), kProbe);
  router.refuse_others(why);
  return router;
}

Router make_node_router(NodeApi& api, StreamHub& hub, std::span<const Asset> assets) {
  Router router;
  add_operations(router, api);
  add_reading(router, api);
  add_functions(router, api);
  add_stream(router, hub);
  add_assets(router, assets);
  return router;
}

}  // namespace doppel

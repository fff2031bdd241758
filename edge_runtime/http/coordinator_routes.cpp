#include "edge_runtime/http/node_routes.h"
#include "edge_runtime/http/parameters.h"

namespace doppel {
namespace {

void answer_twin(CoordinatorApi& api, const std::optional<std::string>& edge_name, const Request& request, const Reply& reply) {
  std::optional<EdgeId> edge;
  if (edge_name) {
    auto parsed_edge = parse_edge_id(*edge_name);
    if (!parsed_edge) return reply.fail(parsed_edge.error());
    edge = *std::move(parsed_edge);
  }
  const auto id = parse_twin_id(request.segment("id"));
  if (!id) return reply.fail(id.error());
  const auto format = parse_format(request);
  if (!format) return reply.fail(format.error());
  api.get_twin(edge, *id, *format, answer_json(reply));
}

Handler get_twin(CoordinatorApi& api) {
  return [&api](const Request& request, const Reply& reply) {
    const auto edge = request.parameter("edge");
    if (!edge) return reply.fail(edge.error());
    answer_twin(api, *edge, request, reply);
  };
}

Handler get_twin_of_edge(CoordinatorApi& api) {
  return [&api](const Request& request, const Reply& reply) { answer_twin(api, request.segment("edge"), request, reply); };
}

}  // namespace

Router make_coordinator_router(CoordinatorApi& api, StreamHub& hub, std::span<const Asset> assets) {
  Router router = make_node_router(api, hub, assets);
  const auto edge_of = [](const Request& request) { return parse_edge_id(request.segment("edge")); };
  router.add(Method::get, "/api/v1/twins/{id}", get_twin(api), {.query = {"edge", "format"}});
  router.add(Method::get, "/api/v1/edges", [&api](const Request&, const Reply& reply) { api.list_edges(answer_json(reply)); });
  router.add(Method::get, "/api/v1/edges/{edge}",
             parsed(edge_of, [&api](const EdgeId& edge, auto answer) { api.get_edge(edge, answer); }));
  router.add(Method::get, "/api/v1/edges/{edge}/twins/{id}", get_twin_of_edge(api), {.query = {"format"}});
  return router;
}

}  // namespace doppel

#include "edge_runtime/http/node_routes.h"
#include "edge_runtime/http/parameters.h"

namespace doppel {
namespace {

Handler get_twin(EdgeApi& api) {
  return [&api](const Request& request, const Reply& reply) {
    const auto id = parse_twin_id(request.segment("id"));
    if (!id) return reply.fail(id.error());
    const auto format = parse_format(request);
    if (!format) return reply.fail(format.error());
    api.get_twin(*id, *format, answer_json(reply));
  };
}

Response written(PropertyWritten outcome) {
  Response response;
  response.headers.emplace_back("ETag", '"' + std::to_string(outcome.revision) + '"');
  response.body = std::move(outcome.json);
  return response;
}

Handler set_property(EdgeApi& api) {
  return [&api](const Request& request, const Reply& reply) {
    auto write = parse_property_write(request);
    if (!write) return reply.fail(write.error());
    api.set_property(*write, [reply](Result<PropertyWritten> outcome) {
      if (outcome && !outcome->refusal.empty()) return reply.fail(Status::precondition_failed, outcome->refusal);
      if (outcome) return reply.send(written(*std::move(outcome)));
      const Error& error = outcome.error();
      // Not the value is too much, but what the node has already.
      if (error.code == ErrorCode::limit_exceeded) return reply.fail(Status::insufficient_storage, error.message);
      reply.fail(error);
    });
  };
}

}  // namespace

Router make_edge_router(EdgeApi& api, StreamHub& hub, std::span<const Asset> assets) {
  Router router = make_node_router(api, hub, assets);
  router.add(Method::get, "/api/v1/twins/{id}", get_twin(api), {.query = {"format"}});
  for (const auto method : {Method::put, Method::patch}) {
    router.add(method, "/api/v1/twins/{id}/properties/{name}", set_property(api), {.consumes = "application/json"});
  }
  router.add(Method::get, "/api/v1/dead-letters",
             parsed(parse_dead_letter_query,
                    [&api](const DeadLetterQuery& query, auto answer) { api.list_dead_letters(query, answer); }),
             {.query = {"limit", "after", "function", "twin", "reason"}});
  router.add(Method::get, "/api/v1/dead-letters/{number}",
             parsed([](const Request& request) { return parse_number(request.segment("number")); },
                    [&api](std::uint64_t number, auto answer) { api.get_dead_letter(number, answer); }));
  router.add(Method::post, "/api/v1/dead-letter-orders",
             parsed(parse_dead_letter_action,
                    [&api](const DeadLetterAction& action, auto answer) { api.order_dead_letters(action, answer); }),
             {.consumes = "application/json"});
  return router;
}

}  // namespace doppel

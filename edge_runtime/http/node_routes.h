// The addresses that both roles have, and the shapes of handlers that the roles' own routes share.
#pragma once

#include <string>

#include "edge_runtime/http/routes.h"
#include "twin_store/model/result.h"

namespace doppel {

Router make_node_router(NodeApi& api, StreamHub& hub, std::span<const Asset> assets);

inline Answer<std::string> answer_json(const Reply& reply) {
  return [reply](Result<std::string> json) { json ? reply.json(*std::move(json)) : reply.fail(json.error()); };
}

// A request is first parsed: a refusal is answered, a query goes to `ask(query, answer)`.
template <class Parse, class Ask>
Handler parsed(Parse parse, Ask ask) {
  return [parse, ask](const Request& request, const Reply& reply) {
    auto query = parse(request);
    if (!query) return reply.fail(query.error());
    ask(*query, answer_json(reply));
  };
}

}  // namespace doppel

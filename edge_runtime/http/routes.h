// The addresses of the two roles. `edge_runtime/http/openapi.json` describes them; a test compares both ways.
#pragma once

#include <span>

#include "edge_runtime/http/api.h"
#include "edge_runtime/http/assets.h"
#include "edge_runtime/http/router.h"
#include "edge_runtime/http/stream_hub.h"

namespace doppel {

inline constexpr std::size_t kMaxUploadBytes = 16u << 20;  // of a function's manifest and module together
inline constexpr std::size_t kMaxSqlBytes = 64u << 10;

// Of a node that recovers: /healthz is well, everything else is answered 503 with the reason.
Router make_starting_router();
// The api and the hub outlive the router and the server that it is given to.
Router make_edge_router(EdgeApi& api, StreamHub& hub, std::span<const Asset> assets);
Router make_coordinator_router(CoordinatorApi& api, StreamHub& hub, std::span<const Asset> assets);

}  // namespace doppel

// The HTTP server as both roles start it.
#pragma once

#include <memory>

#include "edge_runtime/config/settings.h"
#include "edge_runtime/http/server.h"

namespace doppel {

// Errors: as of HttpServer::start, and of reading the token file.
Result<std::unique_ptr<HttpServer>> start_node_http(const NodeConfig& config, Router router, StreamHub& hub, const Clock& clock);

}  // namespace doppel

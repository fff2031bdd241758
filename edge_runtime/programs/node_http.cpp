#include "edge_runtime/programs/node_http.h"

#include "edge_runtime/programs/secret_file.h"

namespace doppel {

Result<std::unique_ptr<HttpServer>> start_node_http(const NodeConfig& config, Router router, StreamHub& hub, const Clock& clock) {
  HttpServerOptions options;
  options.address = config.http.address;
  options.port = static_cast<std::uint16_t>(config.http.port);
  if (!config.http.token_file.empty()) {
    auto token = read_secret(config.http.token_file);
    if (!token) return token.error();
    options.token = std::move(*token);
  }
  return HttpServer::start(options, std::move(router), hub, clock);
}

}  // namespace doppel

#include "edge_runtime/programs/node_http.h"

#include <unistd.h>

#include "edge_runtime/programs/endpoint.h"
#include "edge_runtime/programs/secret_file.h"

namespace doppel {

Result<void> NodeHttp::start(std::string_view role, const NodeConfig& config, Router router, StreamHub& hub, const Clock& clock) {
  HttpServerOptions options;
  options.address = config.http.address;
  options.port = static_cast<std::uint16_t>(config.http.port);
  if (!config.http.token_file.empty()) {
    auto token = read_secret(config.http.token_file);
    if (!token) return token.error();
    options.token = std::move(*token);
  }
  auto server = HttpServer::start(options, std::move(router), hub, clock);
  if (!server) return server.error();
  server_ = std::move(*server);
  serving_ = server_.get();
  data_ = config.data;
  return write_endpoint(config.data, {std::string(role), config.name, server_->url(), config.http.token_file, getpid()});
}

void NodeHttp::stop() {
  if (server_ == nullptr) return;
  remove_endpoint(data_);
  server_->stop();
}

std::vector<MetricSample> NodeHttp::metrics() const {
  const HttpServer* server = serving_;
  return server == nullptr ? std::vector<MetricSample>() : server->metrics();
}

}  // namespace doppel

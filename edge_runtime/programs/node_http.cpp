#include "edge_runtime/programs/node_http.h"

#include <unistd.h>

#include "edge_runtime/http/routes.h"
#include "edge_runtime/programs/endpoint.h"
#include "edge_runtime/programs/secret_file.h"

namespace doppel {

Result<void> NodeHttp::listen(const NodeConfig& config, StreamHub& hub, const Clock& clock) {
  HttpServerOptions options;
  options.address = config.http.address;
  options.port = static_cast<std::uint16_t>(config.http.port);
  if (!config.http.token_file.empty()) {
    auto token = read_secret(config.http.token_file);
    if (!token) return token.error();
    options.token = std::move(*token);
  }
  auto server = HttpServer::start(options, make_starting_router(), hub, clock);
  if (!server) return server.error();
  server_ = std::move(*server);
  serving_ = server_.get();
  data_ = config.data;
  return {};
}

Result<void> NodeHttp::serve(std::string_view role, const NodeConfig& config, Router router) {
  server_->serve(std::move(router));
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

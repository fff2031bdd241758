// The HTTP server as both roles run it, and the file by which commands find it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/config/settings.h"
#include "edge_runtime/http/server.h"

namespace doppel {

// Thread: listen, serve and stop on one, metrics on any.
class NodeHttp {
 public:
  // Listens, and says that the node is starting. Errors: as of HttpServer::start, and of reading the token file.
  Result<void> listen(const NodeConfig& config, StreamHub& hub, const Clock& clock);
  // Serves `router`; then the node can be found. Errors: unavailable (the file cannot be written).
  Result<void> serve(std::string_view role, const NodeConfig& config, Router router);
  // Nothing is asked any more. What was asked may still be answered, into nothing, until the destructor.
  void stop();

  std::string url() const { return server_->url(); }
  std::vector<MetricSample> metrics() const;  // none before it listens

 private:
  std::string data_;
  std::unique_ptr<HttpServer> server_;
  std::atomic<const HttpServer*> serving_{nullptr};
};

}  // namespace doppel

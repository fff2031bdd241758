// The HTTP/1.1 server of a node: one thread, any number of connections, every resource with a limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "edge_runtime/http/metrics.h"
#include "edge_runtime/http/router.h"
#include "edge_runtime/http/stream_hub.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel {

struct HttpLimits {
  std::size_t connections = 1200;          // streams included; more are answered 503
  std::size_t streams = 1000;              // more are answered 429
  std::size_t requests_at_work = 256;      // handed to handlers and not yet answered; more are answered 429
  std::size_t header_bytes = 16u << 10;    // request line and headers; more is answered 431
  std::size_t target_bytes = 8u << 10;     // the request line's address; more is answered 414
  std::size_t body_memory = 64u << 20;     // request bodies of all connections together; more is answered 503
  std::size_t reply_memory = 64u << 20;    // answers on their way, together; more is answered 503
  std::size_t slowest_bytes_per_second = 64u << 10;  // bodies and answers get this much more time than the times below
  std::chrono::seconds idle_time{60};      // between requests of a connection
  std::chrono::seconds header_time{10};    // from a request's first byte to its last header
  std::chrono::seconds body_time{10};
  std::chrono::seconds handler_time{30};   // until a handler has answered; then 504
  std::chrono::seconds write_time{30};
  std::chrono::seconds heartbeat{15};      // of a quiet stream
  std::chrono::seconds stop_time{2};       // for answers under way when the server stops
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one
  std::string token;       // "" : none, on loopback only
  HttpLimits limits;
};

class HttpServer {
 public:
  // The hub and the clock outlive the server. Errors: invalid_input (not an address; another than loopback without a token;
  // a token shorter than kMinToken),
  // unavailable (the port is taken or not allowed).
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, Router router, StreamHub& hub,
                                                   const Clock& clock);
  ~HttpServer();  // stops

  // From now on the routes are these. What is under way ends with those it began with. Once. Thread: any.
  void serve(Router router);

  // Thread: any.
  std::uint16_t port() const;
  std::string url() const;  // "http://127.0.0.1:8080"
  std::vector<MetricSample> metrics() const;

  // Accepts no more, lets answers under way go out for HttpLimits::stop_time, ends streams, joins the thread. Not from a handler.
  void stop();

 private:
  class Loop;
  explicit HttpServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace doppel

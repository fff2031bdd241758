// A server on a free port of loopback, with routes that behave well and badly.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "edge_runtime/http/server.h"
#include "tests/component/http/raw_client.h"

namespace doppel {

class ServerFixture : public testing::Test {
 protected:
  // The times are short where the test is about them.
  void serve(HttpLimits limits = {}, const std::string& token = "") {
    HttpServerOptions options;
    options.limits = limits;
    options.token = token;
    auto started = HttpServer::start(options, routes(), hub_, clock_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
  }

  Router routes() {
    Router router;
    router.add(Method::get, "/hello", [](const Request&, const Reply& reply) { reply.json("\"hello\""); });
    router.add(Method::post, "/echo", [](const Request& request, const Reply& reply) { reply.json(request.body); },
               {.consumes = "text/plain"});
    router.add(Method::get, "/size/{bytes}", [](const Request& request, const Reply& reply) {
      reply.json(std::string(std::stoul(request.segment("bytes")), 'x'));
    });
    router.add(Method::get, "/later", [this](const Request&, const Reply& reply) {
      const std::lock_guard lock(mutex_);
      pending_.push_back(reply);
    });
    router.add(Method::get, "/dropped", [](const Request&, const Reply&) {});
    router.add(Method::get, "/throws", [](const Request&, const Reply&) { throw std::runtime_error("a bug"); });
    router.add(Method::get, "/open", [](const Request&, const Reply& reply) { reply.json("\"open\""); },
               {.access = Access::open});
    router.add(Method::get, "/stream",
               [this](const Request& request, const Reply& reply) {
                 StreamFilter filter;
                 filter.twin = request.parameter("twin")->value_or("");
                 reply.stream(hub_.subscribe(filter, request.headers.find("Last-Event-ID").value_or("")));
               },
               {.query = {"twin"}, .produces = "text/event-stream"});
    return router;
  }

  RawClient connect(int receive_buffer = 0) const { return RawClient(server_->port(), receive_buffer); }
  static std::string get(const std::string& path, const std::string& headers = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
  }
  static std::string post(const std::string& body, const std::string& headers) {
    return "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n" + headers + "\r\n" + body;
  }
  // The whole exchange over a connection of its own.
  std::string ask(const std::string& request) const {
    auto client = connect();
    client.send(request);
    client.end_sending();
    return client.read_to_end();
  }
  static std::string status_of(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }
  void expect_alive() { EXPECT_EQ(status_of(ask(get("/hello"))), "HTTP/1.1 200 OK"); }

  void publish(const std::string& twin, const std::string& value = "v") {
    const ChangedProperty changed{.name = "p", .revision = 1, .reported = ChangedProperty::Reported{ValueView::text(value), {}}};
    hub_.publish({.twin = twin, .revision = 1, .events = 1, .properties = {&changed, 1}});
  }
  // The oldest reply that a handler kept; waits for it.
  Reply take_pending() {
    for (;; std::this_thread::yield()) {
      const std::lock_guard lock(mutex_);
      if (pending_.empty()) continue;
      const Reply reply = pending_.front();
      pending_.pop_front();
      return reply;
    }
  }

  void wait_for_metric(const std::string& line) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (prometheus_text(server_->metrics()).find(line + '\n') == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << line;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  SystemClock clock_;
  StreamHub hub_{"life", {.ring_bytes = 1u << 20}};
  std::mutex mutex_;
  std::deque<Reply> pending_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace doppel

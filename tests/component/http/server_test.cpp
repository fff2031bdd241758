#include "edge_runtime/http/server.h"

#include <thread>

#include "tests/component/http/server_fixture.h"

namespace doppel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Server : public ServerFixture {};

TEST_F(Server, One_connection_serves_request_after_request) {
  serve();
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/hello"));
    const auto answer = client.read_until("\"hello\"");
    EXPECT_EQ(status_of(answer), "HTTP/1.1 200 OK");
    EXPECT_NE(answer.find("Connection: keep-alive"), std::string::npos);
  }
}

TEST_F(Server, Pipelined_requests_are_answered_in_order) {
  serve();
  auto client = connect();
  client.send(post("one", "Content-Length: 3\r\n") + post("two", "Content-Length: 3\r\n") + get("/nothing") + get("/hello"));
  const auto answers = client.read_until("\"hello\"");
  EXPECT_EQ(count_of(answers, "HTTP/1.1 "), 4);
  EXPECT_LT(answers.find("one"), answers.find("two"));
  EXPECT_LT(answers.find("two"), answers.find("404 Not Found"));
}

TEST_F(Server, A_request_may_arrive_byte_by_byte) {
  serve();
  auto client = connect();
  for (const char c : post("body", "Content-Length: 4\r\n")) client.send({&c, 1});
  EXPECT_NE(client.read_until("body").find("200 OK"), std::string::npos);
}

TEST_F(Server, Connection_close_and_HTTP_1_0_end_the_connection) {
  serve();
  auto client = connect();
  client.send(get("/hello", "Connection: close\r\n"));
  EXPECT_NE(client.read_to_end().find("Connection: close"), std::string::npos);
  EXPECT_TRUE(client.is_closed_by_server());
  auto old = connect();
  old.send("GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(old.read_to_end().find("\"hello\""), std::string::npos);
  EXPECT_TRUE(old.is_closed_by_server());
}

TEST_F(Server, Every_answer_has_the_security_headers_a_date_and_no_caching) {
  serve();
  for (const auto* path : {"/hello", "/nothing"}) {
    const auto answer = ask(get(path));
    EXPECT_NE(answer.find("Content-Security-Policy: default-src 'self'"), std::string::npos);
    EXPECT_NE(answer.find("X-Content-Type-Options: nosniff"), std::string::npos);
    EXPECT_NE(answer.find("Cache-Control: no-store"), std::string::npos);
    EXPECT_NE(answer.find(" GMT\r\n"), std::string::npos);
  }
}

TEST_F(Server, HEAD_gives_the_headers_of_GET_and_no_body) {
  serve();
  const auto answer = ask("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(Server, OPTIONS_is_answered_for_a_path_and_for_the_server) {
  serve();
  EXPECT_NE(ask("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n").find("Allow: POST, OPTIONS"), std::string::npos);
  EXPECT_EQ(status_of(ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")), "HTTP/1.1 404 Not Found");
}

TEST_F(Server, A_handler_may_answer_later_from_another_thread) {
  serve();
  auto client = connect();
  client.send(get("/later") + get("/hello"));
  std::thread answering([this] { take_pending().json("\"late\""); });
  const auto answers = client.read_until("\"hello\"");
  answering.join();
  EXPECT_LT(answers.find("\"late\""), answers.find("\"hello\""));
}

TEST_F(Server, Only_the_first_answer_counts) {
  serve();
  auto client = connect();
  client.send(get("/later"));
  const Reply reply = take_pending();
  reply.json("\"first\"");
  reply.json("\"second\"");
  client.send(get("/hello"));
  EXPECT_EQ(count_of(client.read_until("\"hello\""), "HTTP/1.1 200"), 2);
}

TEST_F(Server, A_request_that_a_handler_drops_or_fails_is_500_and_the_server_goes_on) {
  serve();
  EXPECT_EQ(status_of(ask(get("/dropped"))), "HTTP/1.1 500 Internal Server Error");
  EXPECT_NE(ask(get("/throws")).find("the handler failed: a bug"), std::string::npos);
  expect_alive();
}

TEST_F(Server, A_handler_that_never_answers_is_504) {
  HttpLimits limits;
  limits.handler_time = seconds(0);
  serve(limits);
  auto client = connect();
  client.send(get("/later"));
  EXPECT_EQ(status_of(client.read_until("}")), "HTTP/1.1 504 Gateway Timeout");
  take_pending().json("\"too late\"");
  client.send(get("/hello"));
  EXPECT_EQ(client.read_until("\"hello\"").find("too late"), std::string::npos);
}

TEST_F(Server, A_client_that_leaves_before_its_answer_harms_nobody) {
  serve();
  { connect().send(get("/later")); }
  take_pending().json(std::string(1 << 20, 'x'));
  expect_alive();
}

TEST_F(Server, An_answer_after_the_server_has_gone_goes_nowhere) {
  serve({.stop_time = seconds(0)});
  auto client = connect();
  client.send(get("/later"));
  const Reply reply = take_pending();
  server_.reset();
  reply.json("\"late\"");
}

TEST_F(Server, Stopping_lets_answers_under_way_go_out) {
  serve();
  auto client = connect(), idle = connect();
  client.send(get("/later"));
  const Reply reply = take_pending();
  std::thread stopping([this] { server_->stop(); });
  EXPECT_EQ(idle.read_to_end(), "");
  reply.json("\"last\"");
  EXPECT_NE(client.read_to_end().find("\"last\""), std::string::npos);
  stopping.join();
}

TEST_F(Server, With_a_token_nothing_but_open_routes_is_told_without_it) {
  serve({}, "a token of some length");
  EXPECT_EQ(status_of(ask(get("/hello"))), "HTTP/1.1 401 Unauthorized");
  EXPECT_EQ(status_of(ask(get("/nothing"))), "HTTP/1.1 401 Unauthorized");
  EXPECT_NE(ask(get("/nothing")).find("WWW-Authenticate: Bearer"), std::string::npos);
  EXPECT_EQ(status_of(ask(get("/open"))), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_of(ask(get("/hello", "Authorization: Bearer a token of some length\r\n"))), "HTTP/1.1 200 OK");
}

TEST_F(Server, It_listens_beyond_loopback_only_with_a_token) {
  HttpServerOptions options;
  options.address = "0.0.0.0";
  const auto open = HttpServer::start(options, routes(), hub_, clock_);
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().message.find("'0.0.0.0' can be reached from other machines"), std::string::npos);
  options.token = "short";
  EXPECT_EQ(HttpServer::start(options, routes(), hub_, clock_).error().message,
            "the http token has 5 characters; at least 16 are needed");
  options.token = "a token of some length";
  EXPECT_TRUE(HttpServer::start(options, routes(), hub_, clock_));
}

TEST_F(Server, A_taken_port_and_a_bad_address_are_errors_that_name_them) {
  serve();
  HttpServerOptions options;
  options.port = server_->port();
  const auto taken = HttpServer::start(options, routes(), hub_, clock_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::unavailable);
  EXPECT_NE(taken.error().message.find(std::to_string(options.port)), std::string::npos);
  options.address = "not.an.address";
  EXPECT_EQ(HttpServer::start(options, routes(), hub_, clock_).error().code, ErrorCode::invalid_input);
}

TEST_F(Server, It_serves_other_routes_from_when_it_is_told_to_and_ends_what_is_under_way_with_the_first) {
  auto started = HttpServer::start({}, routes(), hub_, clock_);
  ASSERT_TRUE(started) << started.error().message;
  server_ = *std::move(started);
  auto early = connect();
  early.send(get("/later"));
  const Reply reply = take_pending();
  Router others;
  others.add(Method::get, "/bye", [](const Request&, const Reply& answer) { answer.json("\"bye\""); });
  server_->serve(std::move(others));
  EXPECT_EQ(status_of(ask(get("/bye"))), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_of(ask(get("/hello"))), "HTTP/1.1 404 Not Found");
  reply.json("\"late\"");
  early.end_sending();
  EXPECT_NE(early.read_to_end().find("\"late\""), std::string::npos);
}

TEST_F(Server, Its_metrics_count_answers_and_connections) {
  serve();
  ask(get("/hello"));
  ask(get("/nothing"));
  const auto text = prometheus_text(server_->metrics());
  EXPECT_NE(text.find("doppel_http_answers_total{status=\"2xx\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("doppel_http_answers_total{status=\"4xx\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("doppel_http_accepted_total 2\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace doppel

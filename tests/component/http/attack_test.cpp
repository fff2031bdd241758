// What clients do that mean no good, or know no better.
#include <random>

#include "tests/component/http/server_fixture.h"

namespace doppel {
namespace {

using std::chrono::seconds;

class Attack : public ServerFixture {};

TEST_F(Attack, Endless_headers_are_431) {
  serve();
  auto client = connect();
  client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  for (int i = 0; i < 2000 && client.send("X-Filler: " + std::string(100, 'a') + "\r\n"); ++i) continue;
  EXPECT_EQ(status_of(client.read_to_end()), "HTTP/1.1 431 Request Header Fields Too Large");
  expect_alive();
}

TEST_F(Attack, A_header_line_without_end_is_431) {
  serve();
  auto client = connect();
  client.send("GET /hello HTTP/1.1\r\nX-Filler: ");
  for (int i = 0; i < 200 && client.send(std::string(1000, 'a')); ++i) continue;
  EXPECT_EQ(status_of(client.read_to_end()), "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST_F(Attack, A_long_address_is_414) {
  serve();
  EXPECT_EQ(status_of(ask(get("/hello/" + std::string(9000, 'a')))), "HTTP/1.1 414 URI Too Long");
}

TEST_F(Attack, A_body_beyond_the_limit_is_413_before_it_is_read) {
  serve();
  auto client = connect();
  client.send(post("", "Content-Length: 1048577\r\n"));
  EXPECT_EQ(status_of(client.read_until("}")), "HTTP/1.1 413 Content Too Large");
}

TEST_F(Attack, A_chunked_body_without_end_is_413) {
  serve();
  auto client = connect();
  client.send(post("", "Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 100 && client.send("4000\r\n" + std::string(0x4000, 'x') + "\r\n"); ++i) continue;
  EXPECT_EQ(status_of(client.read_to_end()), "HTTP/1.1 413 Content Too Large");
}

TEST_F(Attack, A_chunked_body_within_the_limit_is_taken) {
  serve();
  EXPECT_TRUE(ask(post("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n")).ends_with("abcde"));
}

TEST_F(Attack, A_client_that_waits_for_100_Continue_is_told_to_go_on_or_refused) {
  serve();
  auto client = connect();
  client.send(post("", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_TRUE(client.read_until("abc").ends_with("abc"));
  client.send(post("", "Content-Length: 9999999\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(status_of(client.read_until("}")), "HTTP/1.1 413 Content Too Large");
  EXPECT_EQ(status_of(ask(post("", "Content-Length: 3\r\nExpect: magic\r\n"))), "HTTP/1.1 417 Expectation Failed");
}

TEST_F(Attack, Lengths_that_contradict_each_other_are_refused) {
  serve();
  EXPECT_EQ(status_of(ask(post("abc", "Content-Length: 3\r\nContent-Length: 4\r\n"))), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status_of(ask(post("abc", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"))), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status_of(ask(post("abc", "Transfer-Encoding: gzip\r\n"))), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status_of(ask(post("abc", "Content-Length: -3\r\n"))), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status_of(ask(post("zz\r\nabc\r\n", "Transfer-Encoding: chunked\r\n"))), "HTTP/1.1 400 Bad Request");
}

TEST_F(Attack, A_refused_body_is_never_taken_for_the_next_request) {
  serve();
  const auto answer = ask("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\n" + get("/hello"));
  EXPECT_EQ(count_of(answer, "HTTP/1.1 "), 1);
  EXPECT_EQ(status_of(answer), "HTTP/1.1 404 Not Found");
}

TEST_F(Attack, Slow_headers_and_slow_bodies_are_408) {
  HttpLimits limits;
  limits.header_time = limits.body_time = seconds(1);
  serve(limits);
  auto headers = connect(), body = connect();
  headers.send("GET /hello HTTP/1.1\r\nHost: loc");
  body.send(post("ab", "Content-Length: 3\r\n"));
  EXPECT_EQ(status_of(headers.read_to_end()), "HTTP/1.1 408 Request Timeout");
  EXPECT_EQ(status_of(body.read_to_end()), "HTTP/1.1 408 Request Timeout");
  EXPECT_TRUE(headers.is_closed_by_server());
  EXPECT_TRUE(body.is_closed_by_server());
}

TEST_F(Attack, Silent_connections_are_closed) {
  serve({.idle_time = seconds(1)});
  auto silent = connect();
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(silent.is_closed_by_server());
}

TEST_F(Attack, A_client_that_does_not_read_its_answer_is_closed) {
  HttpLimits limits;
  limits.write_time = seconds(1);
  limits.slowest_bytes_per_second = 1u << 30;
  serve(limits);
  auto client = connect(4096);
  client.send(get("/size/20000000"));
  wait_for_metric("doppel_http_connections 1");
  wait_for_metric("doppel_http_connections 0");
  EXPECT_LT(client.read_to_end().size(), 20'000'000u);
}

TEST_F(Attack, Connections_beyond_the_limit_are_503_and_work_again_when_others_leave) {
  serve({.connections = 2});
  {
    auto one = connect(), two = connect();
    one.send(get("/hello"));
    two.send(get("/hello"));
    one.read_until("\"hello\"");
    two.read_until("\"hello\"");
    const auto answer = ask(get("/hello"));
    EXPECT_EQ(status_of(answer), "HTTP/1.1 503 Service Unavailable");
    EXPECT_NE(answer.find("all 2 connections are in use"), std::string::npos);
  }
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (status_of(ask(get("/hello"))) != "HTTP/1.1 200 OK") ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(Attack, Requests_beyond_what_handlers_may_hold_are_429) {
  serve({.requests_at_work = 1});
  auto holding = connect();
  holding.send(get("/later"));
  const Reply reply = take_pending();
  const auto refused = ask(get("/hello"));
  EXPECT_EQ(status_of(refused), "HTTP/1.1 429 Too Many Requests");
  EXPECT_NE(refused.find("Retry-After: 1"), std::string::npos);
  reply.json("\"done\"");
  holding.read_until("\"done\"");
  expect_alive();
}

TEST_F(Attack, Bodies_of_all_connections_together_are_bounded) {
  serve({.body_memory = 1000});
  auto holding = connect();
  holding.send(post("", "Content-Length: 900\r\nExpect: 100-continue\r\n"));
  holding.read_until("100 Continue");
  EXPECT_EQ(status_of(ask(post(std::string(200, 'x'), "Content-Length: 200\r\n"))), "HTTP/1.1 503 Service Unavailable");
  holding.send(std::string(900, 'x'));
  holding.read_until(std::string(900, 'x'));
  EXPECT_EQ(status_of(ask(post(std::string(200, 'x'), "Content-Length: 200\r\n"))), "HTTP/1.1 200 OK");
}

TEST_F(Attack, Answers_of_all_connections_together_are_bounded) {
  serve({.reply_memory = 1000});
  EXPECT_EQ(status_of(ask(get("/size/2000"))), "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(status_of(ask(get("/size/900"))), "HTTP/1.1 200 OK");
}

TEST_F(Attack, Unknown_methods_and_versions_are_refused) {
  serve();
  EXPECT_EQ(status_of(ask("BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")), "HTTP/1.1 501 Not Implemented");
  EXPECT_EQ(status_of(ask("TRACE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")), "HTTP/1.1 501 Not Implemented");
  EXPECT_EQ(status_of(ask("GET /hello HTTP/2.0\r\nHost: localhost\r\n\r\n")), "HTTP/1.1 505 HTTP Version Not Supported");
  EXPECT_EQ(status_of(ask("GET hello HTTP/1.1\r\nHost: localhost\r\n\r\n")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status_of(ask("GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status_of(ask("GET /hello HTTP/1.1\r\n\r\n")), "HTTP/1.1 400 Bad Request");
}

TEST_F(Attack, A_foreign_Host_or_Origin_gets_nothing) {
  serve();
  EXPECT_EQ(status_of(ask("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n")), "HTTP/1.1 421 Misdirected Request");
  EXPECT_EQ(status_of(ask(get("/hello", "Origin: http://evil.example\r\n"))), "HTTP/1.1 403 Forbidden");
}

TEST_F(Attack, Garbage_never_ends_the_server) {
  serve();
  std::mt19937 random(20260102);
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random() % 400, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (round % 2 == 0) bytes = get("/hello").substr(0, random() % 40) + bytes;
    if (round % 3 == 0) bytes += "\r\n\r\n";
    ask(bytes);
  }
  expect_alive();
}

TEST_F(Attack, Every_cut_of_a_request_is_survived) {
  serve();
  const auto request = post("body", "Content-Length: 4\r\n");
  for (std::size_t size = 0; size < request.size(); ++size) ask(request.substr(0, size));
  expect_alive();
}

}  // namespace
}  // namespace doppel

#include "edge_runtime/http/client.h"

#include <sys/socket.h>

#include <thread>

#include "tests/component/http/server_fixture.h"

namespace doppel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Client : public ServerFixture {
 protected:
  HttpClient client(HttpClientOptions options = {}) {
    if (options.server.empty()) options.server = server_->url();
    auto opened = HttpClient::open(std::move(options));
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }
};

TEST_F(Client, It_asks_again_and_again_over_one_connection) {
  serve();
  auto asking = client();
  EXPECT_EQ(asking.get("/hello").value(), "\"hello\"");
  EXPECT_EQ(asking.ask({Method::post, "/echo", "text/plain", "body", {}}).value(), "body");
  EXPECT_EQ(asking.send({Method::head, "/hello", {}, {}, {}}).value().body, "");
  EXPECT_NE(prometheus_text(server_->metrics()).find("doppel_http_accepted_total 1\n"), std::string::npos);
}

TEST_F(Client, A_problem_becomes_the_error_that_it_tells) {
  serve();
  const auto answer = client().get("/nothing");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::not_found);
  EXPECT_EQ(answer.error().message, "there is nothing at '/nothing'");
}

TEST_F(Client, It_sends_its_token) {
  serve({}, "a token of some length");
  EXPECT_FALSE(client().get("/hello"));
  EXPECT_TRUE(client({.token = "a token of some length"}).get("/hello"));
}

TEST_F(Client, A_connection_that_the_server_closed_meanwhile_is_opened_again) {
  serve({.idle_time = seconds(0)});
  auto asking = client();
  EXPECT_TRUE(asking.get("/hello"));
  wait_for_metric("doppel_http_connections 0");
  const auto again = asking.get("/hello");
  EXPECT_TRUE(again) << again.error().message;
}

TEST_F(Client, No_server_an_unknown_host_and_a_bad_address_are_told_apart) {
  serve();
  const auto url = server_->url();
  server_.reset();
  const auto refused = client({.server = url}).get("/hello");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().message, "cannot connect to " + url + ": Connection refused");
  for (const auto* address : {"", "http://", "http://host", "https://host:1", "host:70000", "host:x", "a b:1", "http://u@h:1"}) {
    EXPECT_FALSE(HttpClient::open({.server = address})) << address;
  }
}

TEST_F(Client, A_server_that_is_too_slow_is_named_with_the_time) {
  serve({.stop_time = seconds(0)});
  const auto answer = client({.timeout = milliseconds(200)}).get("/later");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, server_->url() + " did not answer within 200 ms");
}

TEST_F(Client, An_answer_larger_than_allowed_is_refused) {
  serve();
  HttpClientOptions options;
  options.body_bytes = 1000;
  const auto answer = client(options).get("/size/2000");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::limit_exceeded);
}

TEST_F(Client, A_large_upload_that_is_refused_early_still_gets_the_reason) {
  serve();
  const auto answer = client().ask({Method::post, "/echo", "text/plain", std::string(8u << 20, 'x'), {}});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("the limit is 1048576"), std::string::npos) << answer.error().message;
}

TEST_F(Client, A_stream_is_read_until_the_reader_has_enough) {
  serve();
  std::string seen, last;
  const auto result = client().stream("/stream?twin=a", last, {}, [&](const SseEvent& event) {
    seen += event.type + event.id + ' ';
    if (event.type == "open") publish("b"), publish("a");
    return event.type == "change" ? HttpClient::Next::stop : HttpClient::Next::go_on;
  });
  EXPECT_TRUE(result);
  EXPECT_EQ(seen, "openlife-0 changelife-2 ");
  EXPECT_EQ(last, "life-2");
}

TEST_F(Client, A_stream_goes_on_after_what_was_seen_of_the_one_before) {
  serve();
  std::string last, seen;
  const auto until = [&](const std::string& id) {
    return client().stream("/stream", last, {}, [&, id](const SseEvent& event) {
      seen += event.type + event.id + ' ';
      return event.id == id ? HttpClient::Next::stop : HttpClient::Next::go_on;
    });
  };
  ASSERT_TRUE(until("life-0"));
  publish("a"), publish("b"), publish("c");
  ASSERT_TRUE(until("life-2"));
  ASSERT_TRUE(until("life-3"));
  EXPECT_EQ(seen, "openlife-0 openlife-0 changelife-1 changelife-2 openlife-2 changelife-3 ");
}

TEST_F(Client, A_stop_token_ends_a_quiet_stream) {
  serve();
  std::stop_source stop;
  std::string last;
  const auto result = client().stream("/stream", last, stop.get_token(), [&](const SseEvent&) {
    stop.request_stop();
    return HttpClient::Next::go_on;
  });
  EXPECT_TRUE(result);
}

TEST_F(Client, A_stream_that_the_server_ends_or_refuses_is_an_error) {
  serve();
  auto reading = client();
  std::string last;
  const auto refused = reading.stream("/stream?topic=a", last, {}, [](const SseEvent&) { return HttpClient::Next::go_on; });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("unknown query parameter 'topic'"), std::string::npos) << refused.error().message;
  const auto ended = reading.stream("/stream", last, {}, [&](const SseEvent&) {
    server_->stop();
    return HttpClient::Next::go_on;
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace doppel

#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "tests/component/http/server_fixture.h"

namespace doppel {
namespace {

using std::chrono::seconds;

class Stream : public ServerFixture {
 protected:
  RawClient join(const std::string& query = "", const std::string& headers = "", int receive_buffer = 0) {
    auto client = connect(receive_buffer);
    client.send(get("/stream" + query, headers));
    return client;
  }
  static std::string greeting(RawClient& client) { return client.read_until("\n\n"); }
};

// Both ends of a connection are in this process.
std::size_t affordable_clients(std::size_t wanted) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(wanted, (files.rlim_max - 64) / 2);
}

TEST_F(Stream, A_client_gets_what_is_published_from_its_greeting_on) {
  serve();
  auto client = join();
  const auto head = greeting(client);
  EXPECT_NE(head.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_NE(head.find("event: open"), std::string::npos);
  publish("a");
  EXPECT_NE(client.read_until("\n\n").find("\"id\":\"a\""), std::string::npos);
}

TEST_F(Stream, Two_hundred_clients_get_every_event_in_order) {
  serve();
  const auto count = affordable_clients(200);
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(join());
  for (auto& client : clients) greeting(client);
  for (int i = 0; i < 100; ++i) publish("twin" + std::to_string(i));
  for (auto& client : clients) {
    const auto text = client.read_until("\nid: life-100\n");
    ASSERT_EQ(count_of(text, "event: change"), 100);
    ASSERT_LT(text.find("\"twin7\""), text.find("\"twin8\""));
  }
}

TEST_F(Stream, A_thousand_clients_with_filters_get_only_their_twin) {
  serve();
  const auto count = affordable_clients(1000);
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(join("?twin=twin" + std::to_string(i)));
    greeting(clients.back());
  }
  for (std::size_t i = 0; i < count; ++i) publish("twin" + std::to_string(i));
  for (std::size_t i = 0; i < count; ++i) {
    const auto text = clients[i].read_until("\n\n");
    ASSERT_EQ(count_of(text, "event: change"), 1);
    ASSERT_NE(text.find("\"twin" + std::to_string(i) + "\""), std::string::npos);
  }
}

TEST_F(Stream, A_client_that_comes_back_goes_on_where_it_was) {
  serve();
  {
    auto client = join();
    greeting(client);
    publish("a");
    client.read_until("id: life-1\n");
  }
  publish("b");
  publish("c");
  auto back = join("", "Last-Event-ID: life-1\r\n");
  const auto text = back.read_until("id: life-3\n");
  EXPECT_EQ(count_of(text, "event: change"), 2);
  EXPECT_EQ(count_of(text, "event: gap"), 0);
}

TEST_F(Stream, An_id_from_before_a_restart_is_a_gap) {
  serve();
  auto client = join("", "Last-Event-ID: earlier-77\r\n");
  EXPECT_NE(client.read_until("event: gap").find("event: gap"), std::string::npos);
}

TEST_F(Stream, A_client_that_does_not_read_gets_a_gap_and_slows_nobody) {
  serve();
  auto slow = join("", "", 64 << 10);
  auto quick = join();
  greeting(slow);
  greeting(quick);
  const std::string large(8000, 'x');
  for (int i = 0; i < 1000; ++i) {
    publish("twin", large);
    const auto id = "\nid: life-" + std::to_string(i + 1) + "\n";
    if (i % 50 != 49) continue;
    ASSERT_NE(quick.read_until(id).find(id), std::string::npos) << i;
  }
  EXPECT_NE(slow.read_until("event: gap", seconds(20)).find("event: gap"), std::string::npos);
  EXPECT_NE(slow.read_until("id: life-1000\n", seconds(20)).find("id: life-1000\n"), std::string::npos);
}

TEST_F(Stream, A_client_that_never_reads_again_is_closed) {
  serve({.write_time = seconds(1)});
  auto stuck = join("", "", 4096);
  greeting(stuck);
  wait_for_metric("doppel_http_streams 1");
  const std::string large(8000, 'x');
  const auto deadline = std::chrono::steady_clock::now() + seconds(20);
  while (prometheus_text(server_->metrics()).find("doppel_http_streams 0\n") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    publish("twin", large);
    std::this_thread::yield();
  }
}

TEST_F(Stream, A_quiet_stream_gets_heartbeats) {
  serve({.heartbeat = seconds(1)});
  auto client = join();
  greeting(client);
  EXPECT_EQ(client.read_until("\n\n"), ": beat\nid: life-0\n\n");
}

TEST_F(Stream, Streams_beyond_the_limit_are_429) {
  serve({.streams = 1});
  auto one = join();
  greeting(one);
  auto two = join();
  EXPECT_EQ(status_of(two.read_until("}")), "HTTP/1.1 429 Too Many Requests");
}

TEST_F(Stream, A_client_that_leaves_is_noticed_without_an_event) {
  serve();
  {
    auto client = join();
    greeting(client);
    wait_for_metric("doppel_http_streams 1");
  }
  wait_for_metric("doppel_http_streams 0");
}

TEST_F(Stream, Stopping_the_server_ends_streams_while_the_lane_goes_on_publishing) {
  serve();
  auto client = join();
  greeting(client);
  std::atomic<bool> publishing{true};
  std::thread lane([&] {
    while (publishing) publish("a");
  });
  server_->stop();
  client.read_to_end();
  EXPECT_TRUE(client.is_closed_by_server());
  publishing = false;
  lane.join();
}

TEST_F(Stream, HEAD_on_a_stream_gives_its_type_and_ends) {
  serve();
  const auto answer = ask("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(answer.find("Content-Type: text/event-stream"), std::string::npos);
}

}  // namespace
}  // namespace doppel

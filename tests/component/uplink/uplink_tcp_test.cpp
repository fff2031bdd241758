#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <random>

#include "tests/component/uplink/fleet_nodes.h"
#include "tests/support/fake_journal.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

uplink::ServerOptions plain(const std::string& address = "tcp://127.0.0.1:*") {
  return {.address = address, .security = {}, .coordinator = {}};
}

std::string twin(int number) { return "ttwin" + std::to_string(number); }

TEST(UplinkTcp, Rows_arrive_receipts_return_and_status_is_shown) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  EdgeNode edge("north", coordinator.server->address());
  for (int i = 0; i < 5'000; ++i) edge.put(twin(i), static_cast<std::uint64_t>(i) + 1, "{}");
  ASSERT_TRUE(eventually([&] { return edge.delivered_all(); }));
  EXPECT_TRUE(eventually([&] { return coordinator.twins() == 5'000; }));
  EXPECT_GE(edge.look<std::size_t>([&] { return edge.receipts; }), 5'000u);
  edge.client->set_status({3, {{"alarm", "1.0.0", "", true, "active", ""}}, 0, "{}"});
  ASSERT_TRUE(eventually([&] { return coordinator.status("north").has_value(); }));
  EXPECT_EQ(coordinator.status("north")->generation, 3u);
}

TEST(UplinkTcp, Both_sides_may_restart_at_any_time_and_nothing_is_lost_or_counted_twice) {
  TemporaryFolder folder;
  auto coordinator = std::make_unique<CoordinatorNode>(folder.text(), plain());
  const auto address = coordinator->server->address();
  auto edge = std::make_unique<EdgeNode>("north", address);
  std::mt19937_64 random(5);
  std::map<int, std::uint64_t> latest;
  std::uint64_t mark = 0;
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 300; ++i) {
      const int number = static_cast<int>(random() % 200);
      latest[number] = ++mark;
      edge->put(twin(number), mark, "{\"rev\":" + std::to_string(mark) + "}");
    }
    if (round % 2 == 0) {
      coordinator.reset();
      coordinator = std::make_unique<CoordinatorNode>(folder.text(), plain(address));
    } else {
      edge = std::make_unique<EdgeNode>("north", address, std::nullopt, 1, mark);
      for (const auto& [number, revision] : latest) edge->put(twin(number), revision, "{\"rev\":" + std::to_string(revision) + "}");
    }
  }
  ASSERT_TRUE(eventually([&] { return edge->delivered_all(); }));
  std::map<std::string, std::string> expected;
  for (const auto& [number, revision] : latest) {
    expected["twin" + std::to_string(number)] = "{\"rev\":" + std::to_string(revision) + "}";
  }
  const auto held = [&] {
    return coordinator->ask<std::map<std::string, std::string>>([](const FleetView& view) {
      std::map<std::string, std::string> rows;
      const auto page = view.twins({.edge = "", .prefix = "", .limit = 1'000, .after = ""});
      for (const auto& item : page->items) rows[std::string(item.id)] = item.payload;
      return rows;
    });
  };
  EXPECT_TRUE(eventually([&] { return held() == expected; }));
}

TEST(UplinkTcp, Rule4_an_edge_with_an_older_card_is_told_so) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  {
    EdgeNode edge("north", coordinator.server->address());
    edge.put("tpump", 500, "{}");
    ASSERT_TRUE(eventually([&] { return edge.delivered_all(); }));
  }
  EdgeNode restored("north", coordinator.server->address(), std::nullopt, 1, /*recovered_mark=*/100);
  ASSERT_TRUE(eventually([&] { return restored.look<std::uint64_t>([&] { return restored.superseded_by; }) == 500; }));
  restored.incarnation = life(2);
  restored.client->begin_incarnation(life(2), 100);
  restored.put("tpump", 101, "{\"rev\":101}");
  ASSERT_TRUE(eventually([&] { return restored.delivered_all(); }));
  EXPECT_TRUE(eventually([&] { return coordinator.twins() == 1; }));
}

TEST(UplinkTcp, Desired_functions_come_down_and_their_modules_by_hash) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  std::mt19937_64 random(9);
  std::string module(1'000'000, '\0');
  for (auto& byte : module) byte = static_cast<char>(random());
  const auto hash = must(coordinator.blobs->put(module));
  EdgeNode edge("north", coordinator.server->address());
  ASSERT_TRUE(eventually([&] { return edge.look<bool>([&] { return !edge.desired.empty(); }); }));
  coordinator.want("alarm", hash);
  ASSERT_TRUE(eventually([&] { return edge.look<bool>([&] { return !edge.desired.back().functions.empty(); }); }));
  EXPECT_EQ(edge.look<std::string>([&] { return edge.desired.back().functions[0].module_sha256; }), hash);
  edge.client->fetch_blob(std::string(64, '0'));
  edge.client->fetch_blob(hash);
  ASSERT_TRUE(eventually([&] { return edge.look<bool>([&] { return edge.blobs.contains(hash); }); }));
  EXPECT_TRUE(edge.look<bool>([&] { return edge.blobs.at(hash) == module; }));
  EXPECT_EQ(edge.look<std::size_t>([&] { return edge.failed_blobs.size(); }), 1u);
}

TEST(UplinkTcp, A_query_is_answered_by_the_edge) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  EdgeNode edge("north", coordinator.server->address());
  ASSERT_TRUE(eventually([&] { return coordinator.is_connected("north"); }));
  std::mutex mutex;
  std::vector<std::string> answers;
  const auto ask = [&](const std::string& name) {
    coordinator.server->query(EdgeId(name), "/api/v1/twins", "", [&](Result<uplink::QueryResult> result) {
      const std::lock_guard lock(mutex);
      answers.push_back(result ? result->body : result.error().message);
    });
  };
  ask("north");
  ask("nowhere");
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return answers.size() == 2;
  }));
  const std::lock_guard lock(mutex);
  std::sort(answers.begin(), answers.end());
  EXPECT_EQ(answers, (std::vector<std::string>{"edge nowhere is not connected", "you asked for /api/v1/twins"}));
}

TEST(UplinkTcp, Of_two_connections_under_one_name_the_last_to_come_is_heard) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  EdgeNode first("north", coordinator.server->address(), std::nullopt, 1);
  ASSERT_TRUE(eventually([&] { return first.client->counters().connected; }));
  EdgeNode second("north", coordinator.server->address(), std::nullopt, 2);
  ASSERT_TRUE(eventually([&] { return second.client->counters().connected && !first.client->counters().connected; }));
  EXPECT_EQ(coordinator.log.count("edge_connection_replaced"), 1);
  EXPECT_EQ(first.log.count("uplink_refused"), 1);
  second.put("tpump", 1, "{}");
  EXPECT_TRUE(eventually([&] { return second.delivered_all(); }));
}

TEST(UplinkTcp, Bytes_that_are_no_protocol_at_all_disturb_nobody) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  const auto address = coordinator.server->address();
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  std::mt19937_64 random(3);
  for (int i = 0; i < 50; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    std::string bytes(random() % 300, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    (void)::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::close(socket);
  }
  EdgeNode edge("north", address);
  edge.put("tpump", 1, "{}");
  EXPECT_TRUE(eventually([&] { return edge.delivered_all(); }));
}

TEST(UplinkTcp, Without_keys_an_address_that_others_reach_is_refused_on_both_sides) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  auto& parts = coordinator;
  const auto server = uplink::UplinkServer::start(
      plain("tcp://0.0.0.0:*"), {parts.journal, *parts.blobs, *parts.desk, parts.clock, parts.log, {}});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::invalid_input);
  uplink::ClientOptions options;
  options.address = "tcp://192.0.2.1:7090";
  options.identity.edge = EdgeId("north");
  EXPECT_EQ(uplink::UplinkClient::start(options, {}, parts.clock, parts.log).error().code, ErrorCode::invalid_input);
}

TEST(UplinkTcp, An_address_in_use_is_named) {
  TemporaryFolder folder;
  CoordinatorNode coordinator(folder.text(), plain());
  const auto address = coordinator.server->address();
  const auto second = uplink::UplinkServer::start(
      plain(address), {coordinator.journal, *coordinator.blobs, *coordinator.desk, coordinator.clock, coordinator.log, {}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_NE(second.error().message.find(address), std::string::npos);
}

class WelcomingDirectory final : public uplink::Directory {
 public:
  void look_up(const uplink::Hello&, Position, std::function<void(std::optional<uplink::Standing>)> answer) override {
    answer(uplink::Standing{});
  }
  std::uint64_t generation() const override { return 0; }
};

TEST(UplinkTcp, Rule5_a_journal_that_takes_nothing_ends_the_process_without_a_receipt) {
  TemporaryFolder folder;
  SystemClock clock;
  ListLog log;
  FakeJournal journal;
  journal.take_at_most(1, limit_exceeded("the journal has 1 of 1 bytes"));  // a HELLO
  WelcomingDirectory directory;
  const auto disk = must(open_system_disk(folder.text()));
  const auto blobs = must(BlobStore::open(*disk, "blobs"));
  std::atomic<int> stops{0};
  auto options = plain();
  options.journal_patience = std::chrono::milliseconds(150);
  const auto server = must(uplink::UplinkServer::start(
      std::move(options), {journal, *blobs, directory, clock, log, [&](const Error& error) {
                             EXPECT_EQ(error.message, "the journal has 1 of 1 bytes");
                             ++stops;
                           }}));
  EdgeNode edge("north", server->address());
  edge.put("tpump", 1, "{}");
  ASSERT_TRUE(eventually([&] { return stops == 1; }));
  EXPECT_EQ(edge.look<std::size_t>([&] { return edge.receipts; }), 0u);
  EXPECT_EQ(edge.client->counters().backlog_rows, 1u);
}

class UplinkCurve : public testing::Test {
 protected:
  uplink::ServerOptions options() const {
    auto options = plain();
    options.security = uplink::ServerSecurity{
        server_keys_, {{EdgeId("north"), north_keys_.public_key}, {EdgeId("south"), south_keys_.public_key}}};
    return options;
  }
  uplink::ClientSecurity with(const uplink::CurveKeys& keys) const { return {keys, server_keys_.public_key}; }

  TemporaryFolder folder_;
  uplink::CurveKeys server_keys_ = must(uplink::make_curve_keys());
  uplink::CurveKeys north_keys_ = must(uplink::make_curve_keys());
  uplink::CurveKeys south_keys_ = must(uplink::make_curve_keys());
  uplink::CurveKeys strange_keys_ = must(uplink::make_curve_keys());
  CoordinatorNode coordinator_{folder_.text(), options()};
};

TEST_F(UplinkCurve, An_edge_whose_key_is_allowed_is_heard) {
  EdgeNode edge("north", coordinator_.server->address(), with(north_keys_));
  edge.put("tpump", 1, "{}");
  ASSERT_TRUE(eventually([&] { return edge.delivered_all(); }));
  EXPECT_TRUE(eventually([&] { return coordinator_.twins() == 1; }));
}

TEST_F(UplinkCurve, A_key_that_is_not_allowed_is_refused_and_named) {
  EdgeNode edge("north", coordinator_.server->address(), with(strange_keys_));
  ASSERT_TRUE(eventually([&] { return coordinator_.log.count("uplink_key_refused") > 0; }));
  ASSERT_TRUE(eventually([&] { return edge.log.count("uplink_handshake_failed") > 0; }));
  EXPECT_FALSE(edge.client->counters().connected);
}

TEST_F(UplinkCurve, An_edge_cannot_take_the_name_of_another) {
  EdgeNode edge("south", coordinator_.server->address(), with(north_keys_));
  ASSERT_TRUE(eventually([&] { return edge.log.count("uplink_refused") > 0; }));
  EXPECT_FALSE(coordinator_.is_connected("south"));
}

TEST_F(UplinkCurve, An_edge_without_a_key_does_not_get_in_nor_one_that_expects_another_coordinator) {
  EdgeNode plain_edge("north", coordinator_.server->address());
  EdgeNode wrong("south", coordinator_.server->address(), uplink::ClientSecurity{south_keys_, strange_keys_.public_key});
  EdgeNode right("north", coordinator_.server->address(), with(north_keys_));
  ASSERT_TRUE(eventually([&] { return right.client->counters().connected; }));
  EXPECT_FALSE(plain_edge.client->counters().connected);
  EXPECT_FALSE(wrong.client->counters().connected);
}

}  // namespace
}  // namespace doppel

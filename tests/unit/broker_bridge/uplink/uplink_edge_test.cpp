#include "broker_bridge/uplink/uplink_edge.h"

#include <gtest/gtest.h>

#include "twin_store/model/window.h"

namespace doppel::uplink {
namespace {

using std::chrono::seconds;

Incarnation incarnation(std::uint8_t first) {
  Incarnation result;
  result.bytes.fill(first);
  return result;
}

// An edge with a coordinator played by hand.
class Edge {
 public:
  explicit Edge(std::uint64_t recovered_mark = 100, std::uint64_t acknowledged = 0, BacklogLimits limits = {})
      : core_({EdgeId("north"), "emea", "0.1.0", 0, incarnation(1), recovered_mark, acknowledged}, limits) {}

  void put(std::string target, std::uint64_t revision, std::string payload = "x", Incarnation of = incarnation(1)) {
    OutboxRow row;
    row.key.incarnation = of;
    row.kind = OutboxKind::replacement;
    row.target = std::move(target);
    row.revision = revision;
    row.payload = std::move(payload);
    EXPECT_TRUE(core_.put(now_, row));
  }

  void step(EdgeInput input = edge_input::Tick{}) {
    std::vector<EdgeAction> actions;
    core_.step(now_, std::move(input), actions);
    for (auto& action : actions) {
      if (auto* sent = std::get_if<edge_action::Send>(&action)) {
        frames_.push_back(*decode(sent->bytes));
      } else {
        actions_.push_back(std::move(action));
      }
    }
  }
  void receive(Body body) {
    const auto bytes = encode({session_, std::move(body)});
    step(edge_input::Received{bytes});
  }
  void pass(Duration time) {
    now_ += time;
    step();
  }

  // The frames of one kind that were sent since the last look.
  template <class Kind>
  std::vector<Kind> sent() {
    std::vector<Kind> found;
    std::erase_if(frames_, [&](const Frame& frame) {
      const auto* body = std::get_if<Kind>(&frame.body);
      if (body != nullptr) found.push_back(*body);
      if (body != nullptr) session_ = frame.session;
      return body != nullptr;
    });
    return found;
  }
  template <class Kind>
  std::vector<Kind> told() {
    std::vector<Kind> found;
    std::erase_if(actions_, [&](const EdgeAction& action) {
      const auto* body = std::get_if<Kind>(&action);
      if (body != nullptr) found.push_back(*body);
      return body != nullptr;
    });
    return found;
  }

  void open(std::uint64_t held = 0, std::uint64_t allowed = 8) {
    step();
    ASSERT_EQ(sent<Hello>().size(), 1u);
    receive(Welcome{held, allowed, false, "0.1.0"});
  }

  UplinkEdge core_;
  Duration now_{seconds(1000)};
  std::uint64_t session_ = 0;
  std::vector<Frame> frames_;
  std::vector<EdgeAction> actions_;
};

TEST(UplinkEdge, Nothing_but_hello_leaves_before_welcome) {
  Edge edge;
  edge.put("tone", 101);
  edge.step();
  const auto hellos = edge.sent<Hello>();
  ASSERT_EQ(hellos.size(), 1u);
  EXPECT_EQ(hellos[0], (Hello{EdgeId("north"), "emea", "0.1.0", 0, incarnation(1), 0}));
  EXPECT_TRUE(edge.frames_.empty());
  edge.receive(Welcome{0, 8, false, ""});
  EXPECT_EQ(edge.sent<Rows>().size(), 1u);
}

TEST(UplinkEdge, A_hello_without_answer_is_repeated_ever_more_slowly) {
  Edge edge;
  edge.step();
  int hellos = 1;
  for (int second = 0; second < 60; ++second) {
    edge.pass(seconds(1));
    hellos += static_cast<int>(edge.sent<Hello>().size());
  }
  EXPECT_GE(hellos, 4);
  EXPECT_LE(hellos, 8);
}

TEST(UplinkEdge, Rows_are_sent_only_while_credit_lasts) {
  Edge edge;
  edge.open(0, 2);
  for (int i = 0; i < 5; ++i) {
    edge.put("t" + std::to_string(i), 101);
    edge.step();
  }
  EXPECT_EQ(edge.sent<Rows>().size(), 2u);
  edge.receive(Credit{1});
  EXPECT_TRUE(edge.sent<Rows>().empty()) << "credit is a sum: an older one takes nothing back and gives nothing";
  edge.receive(Credit{3});
  const auto rows = edge.sent<Rows>();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].sequence, 3u);
  EXPECT_EQ(rows[0].rows.size(), 3u);
}

TEST(UplinkEdge, A_coordinator_that_never_gives_credit_costs_no_more_than_the_keys) {
  Edge edge(100, 0, {.rows = 50, .bytes = 1u << 20});
  edge.open(0, 0);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    edge.put("t" + std::to_string(i % 200), 101 + i);
    edge.step();
  }
  EXPECT_TRUE(edge.sent<Rows>().empty());
  EXPECT_EQ(edge.core_.counters().backlog_rows, 50u);
  EXPECT_GT(edge.core_.counters().dropped_rows, 0u);
}

TEST(UplinkEdge, A_receipt_clears_what_it_acknowledges_and_goes_to_the_delivery_log) {
  Edge edge;
  edge.open();
  edge.put("tone", 101);
  edge.step();
  edge.receive(Receipt{incarnation(1), {{"tone", 101}}});
  EXPECT_EQ(edge.core_.counters().backlog_rows, 0u);
  EXPECT_EQ(edge.core_.counters().acknowledged, 101u);
  const auto told = edge.told<edge_action::Acknowledged>();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].items, (std::vector<ReceiptItem>{{"tone", 101}}));
}

TEST(UplinkEdge, A_receipt_of_another_incarnation_clears_nothing) {
  Edge edge;
  edge.open();
  edge.put("tone", 101);
  edge.step();
  edge.receive(Receipt{incarnation(9), {{"tone", 101}}});
  EXPECT_EQ(edge.core_.counters().backlog_rows, 1u);
}

TEST(UplinkEdge, After_a_new_welcome_everything_without_receipt_goes_again) {
  Edge edge;
  edge.open();
  edge.put("tone", 101);
  edge.put("ttwo", 102);
  edge.step();
  edge.receive(Receipt{incarnation(1), {{"tone", 101}}});
  (void)edge.sent<Rows>();
  edge.step(edge_input::Disconnected{});
  edge.pass(seconds(2));
  const auto hellos = edge.sent<Hello>();
  ASSERT_EQ(hellos.size(), 1u);
  EXPECT_EQ(hellos[0].acknowledged, 101u);
  edge.receive(Welcome{102, 8, false, ""});
  const auto rows = edge.sent<Rows>();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].rows, (std::vector<Row>{{"ttwo", 102, "x"}}));
  EXPECT_EQ(rows[0].sequence, 1u);
}

TEST(UplinkEdge, Rows_whose_receipt_does_not_come_begin_a_new_session) {
  Edge edge;
  edge.open();
  edge.put("tone", 101);
  edge.step();
  (void)edge.sent<Rows>();
  for (int i = 0; i < 4; ++i) {
    edge.receive(Heartbeat{0, 0, 8, 0});
    edge.pass(seconds(4));
  }
  EXPECT_EQ(edge.sent<Hello>().size(), 1u);
}

TEST(UplinkEdge, A_silent_coordinator_ends_the_session) {
  Edge edge;
  edge.open();
  edge.pass(seconds(14));
  EXPECT_TRUE(edge.sent<Hello>().empty());
  EXPECT_TRUE(edge.core_.counters().connected);
  edge.pass(seconds(1));
  EXPECT_EQ(edge.sent<Hello>().size(), 1u);
  EXPECT_FALSE(edge.core_.counters().connected);
}

TEST(UplinkEdge, Rule4_an_edge_whose_coordinator_knows_more_says_so_once_and_sends_no_row) {
  Edge edge(/*recovered_mark=*/100);
  edge.put("w", 101);
  edge.open(/*held=*/150);
  const auto told = edge.told<edge_action::IncarnationSuperseded>();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].held, 150u);
  EXPECT_EQ(told[0].known, 100u);
  EXPECT_TRUE(edge.sent<Rows>().empty());
  edge.put("w", 200);
  edge.pass(seconds(30));
  EXPECT_TRUE(edge.sent<Rows>().empty());
  EXPECT_TRUE(edge.told<edge_action::IncarnationSuperseded>().empty());
}

TEST(UplinkEdge, Rule4_a_new_incarnation_asks_for_all_rows_and_takes_none_of_the_old) {
  Edge edge(100);
  edge.put("w", 101);
  edge.open(150);
  edge.step(edge_input::BeginIncarnation{incarnation(2), 160});
  const auto wanted = edge.told<edge_action::WantRows>();
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].which, RowsWanted::all);
  const auto hellos = edge.sent<Hello>();
  ASSERT_EQ(hellos.size(), 1u);
  EXPECT_EQ(hellos[0].incarnation, incarnation(2));
  EXPECT_EQ(hellos[0].acknowledged, 0u);
  edge.put("w", 105, "old", incarnation(1));
  edge.put("w", 161, "new", incarnation(2));
  edge.receive(Welcome{0, 8, false, ""});
  const auto rows = edge.sent<Rows>();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].incarnation, incarnation(2));
  EXPECT_EQ(rows[0].rows, (std::vector<Row>{{"w", 161, "new"}}));
}

TEST(UplinkEdge, What_this_process_sent_itself_supersedes_nothing) {
  Edge edge(100);
  edge.open(100);
  edge.put("tone", 150);
  edge.step();
  edge.step(edge_input::Disconnected{});
  edge.pass(seconds(2));
  (void)edge.sent<Hello>();
  edge.receive(Welcome{150, 8, false, ""});
  EXPECT_TRUE(edge.told<edge_action::IncarnationSuperseded>().empty());
  EXPECT_TRUE(edge.core_.counters().connected);
}

TEST(UplinkEdge, A_coordinator_that_lost_rows_is_given_all_again) {
  Edge edge(100, /*acknowledged=*/90);
  edge.step();
  EXPECT_EQ(edge.sent<Hello>().at(0).acknowledged, 90u);
  edge.receive(Welcome{10, 8, true, ""});
  const auto wanted = edge.told<edge_action::WantRows>();
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].which, RowsWanted::all);
  EXPECT_EQ(edge.core_.counters().acknowledged, 0u);
  edge.receive(AskAll{});
  EXPECT_EQ(edge.told<edge_action::WantRows>().size(), 1u) << "also in the middle of a session";
}

TEST(UplinkEdge, A_backlog_that_had_dropped_rows_asks_for_them_when_it_has_room) {
  Edge edge(100, 0, {.rows = 4, .bytes = 1'000});
  for (std::uint64_t i = 0; i < 10; ++i) edge.put("t" + std::to_string(i), 101 + i);
  EXPECT_EQ(edge.core_.counters().dropped_rows, 6u);
  edge.open();
  edge.receive(Receipt{incarnation(1), {{"t0", 101}, {"t1", 102}}});
  const auto wanted = edge.told<edge_action::WantRows>();
  ASSERT_EQ(wanted.size(), 1u);
  EXPECT_EQ(wanted[0].which, RowsWanted::unacknowledged);
  edge.receive(Receipt{incarnation(1), {{"t2", 103}}});
  EXPECT_TRUE(edge.told<edge_action::WantRows>().empty());
}

TEST(UplinkEdge, Garbage_and_messages_for_others_are_named_and_ignored) {
  Edge edge;
  edge.open();
  (void)edge.told<edge_action::Note>();
  edge.step(edge_input::Received{"garbage"});
  edge.receive(Hello{EdgeId("south"), "", "", 0, incarnation(1), 0});
  edge.receive(Unknown{});
  const auto notes = edge.told<edge_action::Note>();
  ASSERT_EQ(notes.size(), 3u);
  EXPECT_EQ(notes[0].detail, "a frame of version 103, this program speaks version 1");
  EXPECT_EQ(notes[1].detail, "HELLO is not for an edge");
  EXPECT_EQ(notes[2].detail, "UNKNOWN is not for an edge");
  EXPECT_EQ(edge.core_.counters().bad_frames, 3u);
  EXPECT_TRUE(edge.core_.counters().connected);
}

TEST(UplinkEdge, Frames_of_an_earlier_session_are_ignored) {
  Edge edge;
  edge.open();
  edge.put("tone", 101);
  edge.step();
  const auto late = encode({edge.session_, Receipt{incarnation(1), {{"tone", 101}}}});
  edge.step(edge_input::Disconnected{});
  edge.step(edge_input::Received{late});
  EXPECT_EQ(edge.core_.counters().backlog_rows, 1u);
}

TEST(UplinkEdge, An_edge_whose_name_another_took_waits_before_it_tries_again) {
  Edge edge;
  edge.open();
  edge.receive(Refuse{RefuseCode::replaced, "another connection"});
  edge.pass(seconds(20));
  EXPECT_TRUE(edge.sent<Hello>().empty());
  edge.pass(seconds(10));
  EXPECT_EQ(edge.sent<Hello>().size(), 1u);
}

TEST(UplinkEdge, The_newest_desired_state_wins_within_a_session) {
  Edge edge;
  edge.open();
  edge.receive(Desired{5, {}});
  edge.receive(Desired{7, {}});
  edge.receive(Desired{6, {}});
  const auto told = edge.told<edge_action::DesiredArrived>();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].desired.generation, 7u);
  edge.pass(seconds(5));
  EXPECT_EQ(edge.sent<Heartbeat>().at(0).generation, 7u);
}

TEST(UplinkEdge, Status_is_sent_when_it_changes_and_in_every_session_but_not_too_often) {
  Edge edge;
  edge.step(edge_input::SetStatus{{1, {}, 0, "{}"}});
  edge.open();
  EXPECT_EQ(edge.sent<Status>().size(), 1u);
  edge.step(edge_input::SetStatus{{2, {}, 0, "{}"}});
  edge.step(edge_input::SetStatus{{3, {}, 0, "{}"}});
  EXPECT_TRUE(edge.sent<Status>().empty());
  edge.pass(seconds(5));
  const auto sent = edge.sent<Status>();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].generation, 3u);
}

TEST(UplinkEdge, A_heartbeat_says_how_far_behind_the_edge_is) {
  Edge edge;
  edge.open(0, 0);
  edge.put("tone", 101);
  edge.pass(seconds(6));
  const auto beats = edge.sent<Heartbeat>();
  ASSERT_EQ(beats.size(), 1u);
  EXPECT_EQ(beats[0].backlog_rows, 1u);
  EXPECT_EQ(beats[0].oldest_age_ms, 6'000u);
}

TEST(UplinkEdge, Rows_that_cannot_be_sent_are_refused_by_name) {
  Edge edge;
  OutboxRow row;
  row.target = "x-unknown";
  EXPECT_EQ(edge.core_.put(edge.now_, row).error().code, ErrorCode::invalid_input);
  row.target = "t" + std::string(kMaxKey, 'x');
  EXPECT_EQ(edge.core_.put(edge.now_, row).error().message, "an uplink key has 2049 bytes, the limit is 2048");
  row.target = "tone";
  row.payload = std::string(kMaxPayload + 1, 'x');
  EXPECT_EQ(edge.core_.put(edge.now_, row).error().code, ErrorCode::limit_exceeded);
}

TEST(UplinkEdge, A_query_and_its_answer_keep_their_number) {
  Edge edge;
  edge.open();
  edge.receive(Query{17, "/api/v1/twins", ""});
  EXPECT_EQ(edge.told<edge_action::QueryArrived>().at(0).query.path, "/api/v1/twins");
  edge.step(edge_input::Answer{{17, 200, "[]"}});
  EXPECT_EQ(edge.sent<QueryResult>().at(0), (QueryResult{17, 200, "[]"}));
}

}  // namespace
}  // namespace doppel::uplink

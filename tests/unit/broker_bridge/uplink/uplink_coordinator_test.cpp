#include "broker_bridge/uplink/uplink_coordinator.h"

#include <gtest/gtest.h>

namespace doppel::uplink {
namespace {

using std::chrono::seconds;

Incarnation incarnation(std::uint8_t first) {
  Incarnation result;
  result.bytes.fill(first);
  return result;
}

Hello hello(const std::string& edge, std::uint8_t life = 1) { return {EdgeId(edge), "emea", "0.1.0", 0, incarnation(life), 0}; }

Rows rows(std::uint64_t sequence, std::uint8_t life = 1) {
  return {sequence, 0, incarnation(life), {{"tone", 100 + sequence, "x"}}};
}

// The sessions, with the journal and the fold played by hand: an append is journaled at once, a look-up answered at once.
class Coordinator {
 public:
  struct Sent {
    std::string peer;
    Frame frame;
  };

  void step(CoordinatorInput input = coordinator_input::Tick{}) {
    std::vector<CoordinatorAction> actions;
    core_.step(now_, std::move(input), actions);
    for (auto& action : actions) {
      if (auto* sent = std::get_if<coordinator_action::Send>(&action)) {
        sent_.push_back({sent->peer, *decode(sent->bytes)});
      } else if (auto* append = std::get_if<coordinator_action::Append>(&action)) {
        journal_.push_back(append->edge.text());
        if (journal_takes_) {
          step(coordinator_input::Journaled{append->ticket, Position{journal_.size()}});
        } else {
          step(coordinator_input::Refused{append->ticket});
        }
      } else if (auto* look_up = std::get_if<coordinator_action::LookUp>(&action)) {
        ++look_ups_;
        step(coordinator_input::LookedUp{look_up->peer, look_up->session, standing_});
      } else {
        actions_.push_back(std::move(action));
      }
    }
  }
  void receive(std::string_view peer, std::uint64_t session, Body body, std::optional<std::string_view> user = {}) {
    const auto bytes = encode({session, std::move(body)});
    step(coordinator_input::Received{peer, user, bytes});
  }
  void sync() { step(coordinator_input::Synced{Position{journal_.size()}}); }
  void pass(Duration time) {
    now_ += time;
    step();
  }

  template <class Kind>
  std::vector<Kind> sent_to(std::string_view peer) {
    std::vector<Kind> found;
    std::erase_if(sent_, [&](const Sent& sent) {
      const auto* body = std::get_if<Kind>(&sent.frame.body);
      const bool hit = body != nullptr && sent.peer == peer;
      if (hit) found.push_back(*body);
      return hit;
    });
    return found;
  }
  template <class Kind>
  std::vector<Kind> told() {
    std::vector<Kind> found;
    std::erase_if(actions_, [&](const CoordinatorAction& action) {
      const auto* body = std::get_if<Kind>(&action);
      if (body != nullptr) found.push_back(*body);
      return body != nullptr;
    });
    return found;
  }
  const LinkState* link(const std::string& edge) {
    links_ = core_.links();
    for (const auto& link : links_) {
      if (link.edge.text() == edge) return &link;
    }
    return nullptr;
  }

  UplinkCoordinator core_{{.program = "0.1.0", .max_sessions = 3, .window = 2}};
  Duration now_{seconds(1000)};
  std::optional<Standing> standing_ = Standing{40, false, {5, {}}, ""};
  bool journal_takes_ = true;
  int look_ups_ = 0;
  std::vector<std::string> journal_;
  std::vector<Sent> sent_;
  std::vector<CoordinatorAction> actions_;
  std::vector<LinkState> links_;
};

TEST(UplinkCoordinator, Hello_is_journaled_and_answered_with_what_is_held_and_desired) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  EXPECT_EQ(coordinator.journal_, std::vector<std::string>{"north"});
  EXPECT_EQ(coordinator.sent_to<Welcome>("p1"), (std::vector<Welcome>{{40, 2, false, "0.1.0"}}));
  EXPECT_EQ(coordinator.sent_to<Desired>("p1").size(), 1u);
  EXPECT_TRUE(coordinator.link("north")->connected);
}

TEST(UplinkCoordinator, Welcome_waits_until_hello_is_folded) {
  Coordinator coordinator;
  const auto standing = std::exchange(coordinator.standing_, std::nullopt);
  coordinator.receive("p1", 1, hello("north"));
  EXPECT_TRUE(coordinator.sent_to<Welcome>("p1").empty());
  coordinator.standing_ = standing;
  coordinator.pass(std::chrono::milliseconds(20));
  EXPECT_EQ(coordinator.sent_to<Welcome>("p1").size(), 1u);
  coordinator.pass(seconds(1));
  EXPECT_EQ(coordinator.look_ups_, 2);
}

TEST(UplinkCoordinator, Rule9_a_receipt_leaves_when_the_journal_is_synced_past_its_rows) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  coordinator.receive("p1", 1, rows(1));
  EXPECT_TRUE(coordinator.sent_to<Receipt>("p1").empty());
  coordinator.step(coordinator_input::Synced{Position{1}});
  EXPECT_TRUE(coordinator.sent_to<Receipt>("p1").empty());
  coordinator.step(coordinator_input::Synced{Position{2}});
  EXPECT_EQ(coordinator.sent_to<Receipt>("p1"), (std::vector<Receipt>{{incarnation(1), {{"tone", 101}}}}));
  EXPECT_EQ(coordinator.sent_to<Credit>("p1"), (std::vector<Credit>{{3}}));
}

TEST(UplinkCoordinator, Rows_without_credit_are_not_taken) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  for (std::uint64_t i = 1; i <= 5; ++i) coordinator.receive("p1", 1, rows(i));
  coordinator.receive("p1", 1, rows(1));
  EXPECT_EQ(coordinator.journal_.size(), 3u) << "hello and a window of two";
  EXPECT_EQ(coordinator.core_.bad_frames(), 4u);
  coordinator.sync();
  coordinator.receive("p1", 1, rows(3));
  EXPECT_EQ(coordinator.journal_.size(), 4u);
}

TEST(UplinkCoordinator, A_peer_that_did_not_say_hello_is_told_to) {
  Coordinator coordinator;
  coordinator.receive("p1", 4, rows(1));
  const auto refusals = coordinator.sent_to<Refuse>("p1");
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].code, RefuseCode::no_session);
  EXPECT_TRUE(coordinator.journal_.empty());
}

TEST(UplinkCoordinator, The_last_hello_under_a_name_wins_and_the_log_names_it) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  coordinator.receive("p2", 1, hello("north", 2));
  const auto refusals = coordinator.sent_to<Refuse>("p1");
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].code, RefuseCode::replaced);
  bool named = false;
  for (const auto& note : coordinator.told<coordinator_action::Note>()) {
    named = named || (note.event == "edge_connection_replaced" && note.level == LogLevel::warning && note.edge.text() == "north");
  }
  EXPECT_TRUE(named);
  coordinator.receive("p1", 1, rows(1));
  EXPECT_EQ(coordinator.journal_.size(), 2u) << "rows of the earlier connection are not taken";
  coordinator.receive("p2", 1, rows(1, 2));
  EXPECT_EQ(coordinator.journal_.size(), 3u);
}

TEST(UplinkCoordinator, A_repeated_hello_is_welcomed_again_and_not_journaled_again) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  coordinator.receive("p1", 1, hello("north"));
  EXPECT_EQ(coordinator.journal_.size(), 1u);
  EXPECT_EQ(coordinator.sent_to<Welcome>("p1").size(), 2u);
  coordinator.receive("p1", 2, hello("north"));
  EXPECT_EQ(coordinator.journal_.size(), 2u);
  coordinator.receive("p1", 1, rows(1));
  EXPECT_EQ(coordinator.journal_.size(), 2u) << "a frame of the session before";
}

TEST(UplinkCoordinator, A_key_proves_one_name_and_no_other) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"), "south");
  const auto refusals = coordinator.sent_to<Refuse>("p1");
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].code, RefuseCode::not_allowed);
  EXPECT_EQ(refusals[0].reason, "the key belongs to edge south, not to north");
  EXPECT_TRUE(coordinator.journal_.empty());
}

TEST(UplinkCoordinator, More_edges_than_the_limit_are_refused) {
  Coordinator coordinator;
  for (const char* edge : {"a", "b", "c", "d"}) coordinator.receive(edge, 1, hello(edge));
  EXPECT_EQ(coordinator.sent_to<Refuse>("d").at(0).code, RefuseCode::limit);
  EXPECT_EQ(coordinator.journal_.size(), 3u);
  coordinator.standing_->refused = "too many edges";
  coordinator.receive("c", 2, hello("c"));
  EXPECT_EQ(coordinator.sent_to<Refuse>("c").at(0).reason, "too many edges");
}

TEST(UplinkCoordinator, Rows_of_another_incarnation_than_hello_named_are_not_taken) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north", 1));
  coordinator.receive("p1", 1, rows(1, 2));
  EXPECT_EQ(coordinator.journal_.size(), 1u);
  EXPECT_EQ(coordinator.core_.bad_frames(), 1u);
}

TEST(UplinkCoordinator, A_heartbeat_is_answered_with_the_credit_and_shows_how_far_behind_the_edge_is) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  coordinator.receive("p1", 1, Heartbeat{12, 3'000, 0, 5});
  EXPECT_EQ(coordinator.sent_to<Heartbeat>("p1"), (std::vector<Heartbeat>{{0, 0, 2, 0}}));
  EXPECT_EQ(coordinator.link("north")->backlog_rows, 12u);
  EXPECT_EQ(coordinator.link("north")->oldest_age, seconds(3));
}

TEST(UplinkCoordinator, Desired_state_that_was_lost_on_the_way_is_sent_again) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  (void)coordinator.sent_to<Desired>("p1");
  coordinator.receive("p1", 1, Heartbeat{0, 0, 0, 5});
  EXPECT_TRUE(coordinator.sent_to<Desired>("p1").empty());
  coordinator.receive("p1", 1, Heartbeat{0, 0, 0, 4});
  EXPECT_EQ(coordinator.sent_to<Desired>("p1").size(), 1u);
}

TEST(UplinkCoordinator, Desired_state_is_sent_when_it_changes_for_that_edge) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  (void)coordinator.sent_to<Desired>("p1");
  coordinator.standing_->desired = {6, {}};
  coordinator.step(coordinator_input::RefreshDesired{});
  EXPECT_TRUE(coordinator.sent_to<Desired>("p1").empty()) << "the same functions under a new number";
  coordinator.standing_->desired = {7, {{FunctionName("alarm"), "m", std::string(64, 'a')}}};
  coordinator.step(coordinator_input::RefreshDesired{});
  EXPECT_EQ(coordinator.sent_to<Desired>("p1").at(0).functions.size(), 1u);
}

TEST(UplinkCoordinator, A_silent_edge_counts_as_disconnected_and_stays_known) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  coordinator.pass(seconds(16));
  ASSERT_NE(coordinator.link("north"), nullptr);
  EXPECT_FALSE(coordinator.link("north")->connected);
  coordinator.receive("p1", 1, rows(1));
  EXPECT_EQ(coordinator.sent_to<Refuse>("p1").at(0).code, RefuseCode::no_session);
}

TEST(UplinkCoordinator, A_journal_that_takes_nothing_gives_no_receipt) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  coordinator.journal_takes_ = false;
  coordinator.receive("p1", 1, rows(1));
  coordinator.sync();
  EXPECT_TRUE(coordinator.sent_to<Receipt>("p1").empty());
  EXPECT_FALSE(coordinator.link("north")->connected) << "the edge is made to begin again";
}

TEST(UplinkCoordinator, A_query_is_answered_by_its_edge_or_says_why_not) {
  Coordinator coordinator;
  coordinator.step(coordinator_input::Ask{1, EdgeId("north"), "/twins", ""});
  EXPECT_EQ(coordinator.told<coordinator_action::Unanswered>().at(0).reason, "edge north is not connected");
  coordinator.receive("p1", 1, hello("north"));
  coordinator.receive("p2", 1, hello("south"));
  coordinator.step(coordinator_input::Ask{2, EdgeId("north"), "/twins", ""});
  EXPECT_EQ(coordinator.sent_to<Query>("p1").at(0).id, 2u);
  coordinator.receive("p2", 1, QueryResult{2, 200, "forged"});
  EXPECT_TRUE(coordinator.told<coordinator_action::Answered>().empty()) << "only the edge that was asked may answer";
  coordinator.receive("p1", 1, QueryResult{2, 200, "[]"});
  EXPECT_EQ(coordinator.told<coordinator_action::Answered>().at(0).result.body, "[]");
  coordinator.step(coordinator_input::Ask{3, EdgeId("north"), "/twins", ""});
  coordinator.pass(seconds(11));
  EXPECT_EQ(coordinator.told<coordinator_action::Unanswered>().at(0).reason, "the edge did not answer in time");
}

TEST(UplinkCoordinator, Modules_are_read_for_edges_in_a_session_only) {
  Coordinator coordinator;
  const std::string hash(64, 'a');
  coordinator.receive("p1", 1, BlobGet{hash, 0});
  EXPECT_TRUE(coordinator.told<coordinator_action::ReadBlob>().empty());
  coordinator.receive("p1", 1, hello("north"));
  coordinator.receive("p1", 1, BlobGet{hash, 128});
  EXPECT_EQ(coordinator.told<coordinator_action::ReadBlob>().at(0).wanted, (BlobGet{hash, 128}));
}

TEST(UplinkCoordinator, Garbage_is_counted_named_and_ends_nothing) {
  Coordinator coordinator;
  coordinator.receive("p1", 1, hello("north"));
  (void)coordinator.told<coordinator_action::Note>();
  coordinator.step(coordinator_input::Received{"p1", std::nullopt, "garbage"});
  coordinator.step(coordinator_input::Received{"p9", std::nullopt, ""});
  coordinator.receive("p1", 1, Welcome{});
  const auto notes = coordinator.told<coordinator_action::Note>();
  ASSERT_EQ(notes.size(), 3u);
  EXPECT_EQ(notes[0].edge.text(), "north");
  EXPECT_EQ(notes[1].detail, "an empty frame");
  EXPECT_EQ(notes[2].detail, "WELCOME is not for a coordinator");
  EXPECT_TRUE(coordinator.link("north")->connected);
}

}  // namespace
}  // namespace doppel::uplink

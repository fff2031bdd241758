// Rows on their way out, and what a restart knows of them.
#include "tests/unit/twin_store/lane/lane_on_disk.h"

namespace doppel {
namespace {

using Payloads = std::vector<std::string>;

TEST(LaneOutbox, Rule9_rows_leave_only_when_the_journal_is_synced_past_their_mark) {
  LaneOnDisk node;
  node.journal_options.sync = SyncPolicy::interval;
  node.journal_options.sync_interval = std::chrono::hours(1);
  node.start();
  int told = 0;
  node.outbox->on_ready(OutboxKind::publish, [&] { ++told; });
  node.append("publish a");
  node.run();
  EXPECT_EQ(node.take(), Payloads{});
  EXPECT_EQ(told, 0);
  ASSERT_TRUE(node.journal->sync());
  EXPECT_EQ(told, 1);
  EXPECT_EQ(node.take(), Payloads{"a"});
}

TEST(LaneOutbox, Rule9_rows_wait_for_the_decisions_of_their_batch) {
  LaneOnDisk node;
  node.journal_options.sync = SyncPolicy::interval;
  node.journal_options.sync_interval = std::chrono::hours(1);
  node.start();
  node.append("decide");
  node.run();
  node.outbox->release(node.lane->applied().mark);
  EXPECT_EQ(node.take(), Payloads{});
  ASSERT_TRUE(node.journal->sync());
  EXPECT_EQ(node.take(), Payloads{"failed"});
}

TEST(LaneOutbox, Rule9_nothing_leaves_before_recovery_has_reached_the_journals_end) {
  LaneOnDisk node;
  node.start();
  node.append("publish a");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.kill();
  auto log = DeliveryLog::open(node.disk, "another");
  ASSERT_TRUE(log);
  auto store = open_store({.path = node.folder.file("twin.db"), .fold_tables = {"text"}, .program = "test 1", .hooks = nullptr});
  ASSERT_TRUE(store);
  Outbox outbox(**log, {});
  int told = 0;
  outbox.on_ready(OutboxKind::publish, [&] { ++told; });
  ASSERT_TRUE(outbox.load(**store));
  EXPECT_TRUE(outbox.take(OutboxKind::publish, 10).empty());
  outbox.start(Position{100});
  EXPECT_EQ(told, 1);
  EXPECT_EQ(outbox.take(OutboxKind::publish, 10).size(), 1u);
}

TEST(LaneOutbox, Rule11_a_replay_makes_the_same_keys) {
  LaneOnDisk node;
  node.start();
  for (const char* payload : {"publish a", "publish b", "c", "publish d"}) node.append(payload), node.run();
  node.append("publish e"), node.append("publish f");
  node.run();
  node.take();
  const auto made = std::move(node.taken);
  node.start_beside();
  node.taken.clear();
  node.take();
  ASSERT_EQ(made.size(), 5u);
  ASSERT_EQ(node.taken.size(), made.size());
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_EQ(node.taken[i].key, made[i].key);
  EXPECT_EQ(made[4].key.ordinal, 1u);
}

TEST(LaneOutbox, Rule10_a_crash_repeats_only_what_was_in_flight) {
  for (const bool committed : {false, true}) {
    LaneOnDisk node;
    node.start();
    for (const char* payload : {"publish a", "publish b", "publish c"}) node.append(payload);
    node.run();
    node.take(OutboxKind::publish, 2);
    if (committed) {
      ASSERT_TRUE(node.lane->commit_now());
    }
    ASSERT_TRUE(node.outbox->delivered(node.taken[0]));
    node.kill();
    node.start();
    EXPECT_EQ(node.take(), (Payloads{"b", "c"})) << "committed: " << committed;
  }
}

TEST(LaneOutbox, Rule10_what_was_delivered_before_a_commit_is_not_known_after_it) {
  LaneOnDisk node;
  node.start();
  for (int i = 0; i < 50; ++i) {
    node.append("publish a");
    node.run();
    node.take();
    ASSERT_TRUE(node.outbox->delivered(node.taken.back()));
    ASSERT_TRUE(node.lane->commit_now());
  }
  EXPECT_EQ(node.disk.list("delivery").value().size(), 1u);
  node.kill();
  node.start();
  EXPECT_EQ(node.take(), Payloads{});
}

TEST(LaneOutbox, Rule10_a_torn_delivery_log_is_read_up_to_the_tear) {
  LaneOnDisk node;
  node.start();
  node.append("publish a"), node.append("publish b");
  node.run();
  node.take();
  ASSERT_TRUE(node.outbox->delivered(node.taken[0]));
  ASSERT_TRUE(node.outbox->delivered(node.taken[1]));
  node.disk.tear_last_write(5);
  node.kill();
  node.start();
  EXPECT_EQ(node.take(), Payloads{"b"});
}

TEST(LaneOutbox, of_replacements_only_the_newest_of_a_target_is_kept) {
  LaneOnDisk node;
  node.start();
  node.append("put row=1"), node.append("put other=1");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.append("put row=2");
  node.run();
  EXPECT_EQ(node.outbox->counts().undelivered, 2u);
  EXPECT_EQ(node.take(OutboxKind::replacement), (Payloads{"1", "2"}));
  ASSERT_TRUE(node.lane->commit_now());
  node.kill();
  node.start();
  EXPECT_EQ(node.take(OutboxKind::replacement), (Payloads{"1", "2"}));
}

TEST(LaneOutbox, a_receipt_of_an_older_revision_leaves_the_newer_replacement) {
  LaneOnDisk node;
  node.start();
  node.append("put row=1");
  node.run();
  node.take(OutboxKind::replacement);
  node.append("put row=2");
  node.run();
  ASSERT_TRUE(node.outbox->delivered(node.taken[0]));
  EXPECT_EQ(node.take(OutboxKind::replacement), Payloads{"2"});
  node.kill();
  node.start();
  EXPECT_EQ(node.take(OutboxKind::replacement), Payloads{"2"});
  ASSERT_TRUE(node.outbox->delivered(node.taken.back()));
  node.kill();
  node.start();
  EXPECT_EQ(node.take(OutboxKind::replacement), Payloads{});
}

TEST(LaneOutbox, replacements_that_change_all_the_time_do_not_keep_others_waiting) {
  LaneOnDisk node;
  node.start();
  node.append("put a=0"), node.append("put b=0"), node.append("put z=rare");
  node.run();
  bool came = false;
  for (int i = 0; i < 3 && !came; ++i) {
    for (auto& payload : node.take(OutboxKind::replacement, 2)) came = came || payload == "rare";
    for (const auto& row : node.taken) ASSERT_TRUE(node.outbox->delivered(row));
    node.taken.clear();
    node.append("put a=" + std::to_string(i)), node.append("put b=" + std::to_string(i));
    node.run();
  }
  EXPECT_TRUE(came);
}

TEST(LaneOutbox, beyond_its_limit_the_oldest_waiting_row_goes_and_is_counted) {
  LaneOnDisk node;
  node.outbox_options.max_rows = 3;
  node.start();
  node.append("publish a");
  node.run();
  node.take(OutboxKind::publish, 1);  // in flight: stays
  for (const char* payload : {"publish b", "publish c", "publish d", "publish e"}) node.append(payload);
  node.run();
  EXPECT_EQ(node.outbox->counts().dropped, 2u);
  EXPECT_EQ(node.outbox->counts().undelivered, 3u);
  EXPECT_EQ(node.take(), (Payloads{"d", "e"}));
}

TEST(LaneOutbox, a_row_put_back_is_taken_again_in_its_place) {
  LaneOnDisk node;
  node.start();
  node.append("publish a"), node.append("publish b");
  node.run();
  node.take();
  node.outbox->put_back(node.taken[0]);
  EXPECT_EQ(node.take(), Payloads{"a"});
}

TEST(LaneOutbox, listeners_are_told_once_of_rows_that_become_ready) {
  LaneOnDisk node;
  node.start();
  int told = 0;
  node.outbox->on_ready(OutboxKind::publish, [&] { ++told; });
  node.append("publish a");
  node.run();
  EXPECT_EQ(told, 1);
  node.append("b");
  node.run();
  EXPECT_EQ(told, 1) << "nothing new, though the row still waits";
  node.append("publish c");
  node.run();
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace doppel

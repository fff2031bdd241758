// Rows on their way out, and what a restart knows of them.
#include <algorithm>

#include "tests/unit/twin_store/lane/lane_on_disk.h"
#include "twin_store/lane/outbox_table.h"
#include "twin_store/model/window.h"

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
  Outbox outbox(**log, {}, node.log);
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
  node.outbox_options.max_publications = 3;
  node.start();
  node.append("publish a");
  node.run();
  node.take(OutboxKind::publish, 1);  // in flight: stays
  for (const char* payload : {"publish b", "publish c", "publish d", "publish e"}) node.append(payload);
  node.run();
  EXPECT_EQ(node.outbox->counts().dropped_of(OutboxKind::publish), 2u);
  EXPECT_NE(node.log.line("outbox_full kind=publish limit=3"), "");
  EXPECT_EQ(node.outbox->counts().undelivered, 3u);
  EXPECT_EQ(node.take(), (Payloads{"d", "e"}));
}

// A row of the window that begins `minute` minutes after 1970.
OutboxRow window_row(std::int64_t minute, std::uint64_t revision) {
  constexpr std::int64_t kMinute = 60'000'000'000;
  OutboxRow row;
  row.kind = OutboxKind::replacement;
  row.revision = revision;
  row.target = kWindowRowKey;
  encode(WindowKey{"1m", minute * kMinute, kMinute, "", "t"}, row.target);
  row.payload = std::to_string(minute);
  return row;
}

void add(LaneOnDisk& node, OutboxRow row) {
  std::vector<OutboxRow> rows;
  rows.push_back(std::move(row));
  node.outbox->add(rows, Position::none);
}

std::size_t stored_rows(const LaneOnDisk& node) {
  std::size_t rows = 0;
  EXPECT_TRUE(node.store->for_each(Store::kOutboxTable, [&](std::string_view key, std::string_view) { rows += key != kOutboxStateKey; }));
  return rows;
}

TEST(LaneOutbox, Promise7_in_a_cut_without_end_the_rows_of_old_windows_go_and_the_rest_stays_what_it_is) {
  LaneOnDisk node;
  node.outbox_options.max_replacements = 3;
  node.start();
  for (std::int64_t minute = 1; minute <= 1000; ++minute) {
    add(node, window_row(minute, static_cast<std::uint64_t>(minute)));
    if (minute == 500) node.take(OutboxKind::replacement);  // what is in flight goes as well: nobody says that it ever arrives
    if (minute % 100 == 0) {
      node.append("put twin=1");
      node.run();
      ASSERT_TRUE(node.lane->commit_now());
    }
  }
  EXPECT_EQ(node.outbox->counts().undelivered_of(OutboxKind::replacement), 4u);
  EXPECT_EQ(node.outbox->counts().dropped_of(OutboxKind::replacement), 997u);
  EXPECT_EQ(stored_rows(node), 4u);
  EXPECT_NE(node.log.line("outbox_full kind=replacement limit=3"), "");
  node.kill();
  node.start();
  EXPECT_EQ(node.outbox->counts().dropped_of(OutboxKind::replacement), 997u);
  auto waiting = node.take(OutboxKind::replacement);
  std::sort(waiting.begin(), waiting.end());
  EXPECT_EQ(waiting, (Payloads{"1", "1000", "998", "999"}));
  for (const auto& row : node.taken) ASSERT_TRUE(node.outbox->delivered(row));
  EXPECT_EQ(node.outbox->counts().undelivered, 0u);
}

TEST(LaneOutbox, the_end_of_a_loss_is_said_so_that_the_next_one_is_said_too) {
  LaneOnDisk node;
  node.outbox_options.max_replacements = 2;
  node.start();
  for (std::int64_t minute = 1; minute <= 9; ++minute) add(node, window_row(minute, static_cast<std::uint64_t>(minute)));
  EXPECT_EQ(node.log.line("outbox_has_room"), "");
  node.take(OutboxKind::replacement);
  ASSERT_TRUE(node.outbox->delivered(node.taken.front()));
  EXPECT_EQ(node.log.line("outbox_has_room"), "outbox_has_room kind=replacement");
}

TEST(LaneOutbox, a_commit_carries_what_changed_and_not_what_waits) {
  LaneOnDisk node;
  node.start();
  std::vector<RowChange> changes;
  for (std::int64_t minute = 1; minute <= 100; ++minute) add(node, window_row(minute, 1));
  for (int i = 0; i < 100; ++i) node.append("publish a");
  node.run();
  ASSERT_TRUE(node.outbox->take_changes(changes));
  EXPECT_EQ(changes.size(), 200u);
  changes.clear();
  ASSERT_TRUE(node.outbox->take_changes(changes));
  EXPECT_TRUE(changes.empty());
  node.take(OutboxKind::publish, 1);
  ASSERT_TRUE(node.outbox->delivered(node.taken.front()));
  add(node, window_row(7, 2));
  ASSERT_TRUE(node.outbox->take_changes(changes));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].value.has_value() + changes[1].value.has_value(), 1);
}

TEST(LaneOutbox, what_is_made_and_delivered_between_two_commits_is_never_written) {
  LaneOnDisk node;
  node.start();
  node.append("publish a");
  node.run();
  node.take();
  ASSERT_TRUE(node.outbox->delivered(node.taken.front()));
  std::vector<RowChange> changes;
  ASSERT_TRUE(node.outbox->take_changes(changes));
  EXPECT_TRUE(changes.empty());
}

TEST(LaneOutbox, a_row_that_left_and_was_made_again_and_left_between_two_commits_is_not_found_by_the_next_process) {
  LaneOnDisk node;
  node.start();
  node.append("put row=1");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.take(OutboxKind::replacement);
  ASSERT_TRUE(node.outbox->delivered(node.taken.back()));
  node.append("put row=2");
  node.run();
  node.outbox->clear_replacements();
  node.outbox->forget_receipts();
  ASSERT_TRUE(node.lane->commit_now());
  node.kill();
  node.start();
  EXPECT_EQ(node.take(OutboxKind::replacement), Payloads{});
}

TEST(LaneOutbox, without_an_uplink_no_replacement_is_kept_and_it_is_known_that_they_are_missing) {
  LaneOnDisk node;
  node.start();
  node.append("put a=1");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.kill();
  node.outbox_options.has_uplink = false;
  node.start();
  for (int i = 0; i < 100; ++i) node.append("put row" + std::to_string(i) + "=1"), node.run();
  EXPECT_EQ(node.outbox->counts().undelivered, 0u);
  const auto hash = node.lane->applied().effects_hash;
  ASSERT_TRUE(node.lane->commit_now());
  EXPECT_EQ(stored_rows(node), 0u);
  node.kill();
  node.outbox_options.has_uplink = true;
  node.start();
  EXPECT_TRUE(node.outbox->lacks_replacements());
  EXPECT_EQ(node.take(OutboxKind::replacement), Payloads{});
  node.outbox->has_replacements_again();
  add(node, window_row(1, 1));
  node.append("x");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.kill();
  node.start();
  EXPECT_FALSE(node.outbox->lacks_replacements());
  EXPECT_EQ(node.take(OutboxKind::replacement), Payloads{"1"});
  // The rows were counted all the same: with an uplink the same journal has the same hash.
  node.start_beside();
  node.take(OutboxKind::replacement);
  EXPECT_EQ(node.lane->applied().effects_hash, hash);
}

TEST(LaneOutbox, the_highest_receipt_is_known_however_long_ago_it_came) {
  LaneOnDisk node;
  node.start();
  node.append("put a=1");
  node.run();
  node.take(OutboxKind::replacement);
  ASSERT_TRUE(node.outbox->delivered(node.taken.front()));
  for (int i = 0; i < 3; ++i) {
    node.append("x");
    node.run();
    ASSERT_TRUE(node.lane->commit_now());
  }
  node.kill();
  node.start();
  EXPECT_EQ(node.outbox->highest_receipt(), node.taken.front().revision);
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

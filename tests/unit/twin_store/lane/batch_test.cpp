// What a lane does while it runs: borders, marks, ticks, decisions, commits.
#include <cerrno>

#include "tests/unit/twin_store/lane/lane_on_disk.h"

namespace doppel {
namespace {

struct Seen {
  Position position;
  RecordKind kind;
  std::string payload;
};

std::vector<Seen> journal_of(LaneOnDisk& node) {
  std::vector<Seen> seen;
  auto reader = node.journal->read_after(Position::none);
  EXPECT_TRUE(reader);
  for (std::vector<Record> records;; records.clear()) {
    EXPECT_TRUE((*reader)->read(100, JournalReader::Views::free_earlier, records));
    if (records.empty()) return seen;
    for (const auto& record : records) seen.push_back({record.position, record.kind, std::string(record.payload)});
  }
}

std::vector<Mark> marks_of(LaneOnDisk& node) {
  std::vector<Mark> marks;
  for (const auto& record : journal_of(node)) {
    if (record.kind == RecordKind::mark) marks.push_back(*decode_mark(record.payload));
  }
  return marks;
}

TEST(LaneBatch, a_new_store_begins_with_its_incarnation_in_a_batch_of_its_own) {
  LaneOnDisk node;
  node.start();
  EXPECT_EQ(node.lane->applied().incarnation, incarnation_of(1));
  EXPECT_EQ(node.fold->batches, std::vector<std::string>{"incarnation"});
  node.kill();
  node.start();
  EXPECT_EQ(node.lane->applied().incarnation, incarnation_of(1)) << "it is kept, though never committed";
  EXPECT_EQ(node.fold->incarnations, std::vector<Incarnation>{incarnation_of(1)});
}

TEST(LaneBatch, an_incarnation_whose_process_died_before_its_batch_is_the_first_all_the_same) {
  LaneOnDisk node;
  auto opened = open_journal(node.disk, "journal", node.clock, node.journal_options);
  ASSERT_TRUE(opened);
  const Incarnation first = incarnation_of(9);
  NewRecord record;
  record.kind = RecordKind::incarnation;
  record.payload = {reinterpret_cast<const char*>(first.bytes.data()), first.bytes.size()};
  ASSERT_TRUE(opened->journal->append(record));
  opened->journal.reset();
  node.start();
  EXPECT_EQ(node.lane->applied().incarnation, first);
  node.run();
  EXPECT_EQ(node.fold->incarnations, std::vector<Incarnation>{first});
}

TEST(LaneBatch, Rule6_a_mark_is_journaled_before_its_batch_and_names_borders_and_version) {
  LaneOnDisk node;
  node.start();
  const auto first = node.append("a"), last = node.append("b");
  node.run();
  const auto mark = marks_of(node).back();
  EXPECT_EQ(mark.first, first);
  EXPECT_EQ(mark.last, last);
  EXPECT_EQ(mark.fold_version, "fold 1");
  node.append("c");
  node.disk.fail_from(1, EIO);
  EXPECT_FALSE(node.try_run());
  EXPECT_EQ(node.fold->text["t"], "a,b") << "a batch without its mark is not run";
}

TEST(LaneBatch, Rule6_a_batch_has_no_more_records_than_the_limit) {
  LaneOnDisk node;
  node.lane_options.batch_records = 3;
  node.start();
  for (char c = 'a'; c <= 'g'; ++c) node.append(std::string(1, c));
  node.run();
  for (const auto& batch : node.fold->batches) EXPECT_LE(std::count(batch.begin(), batch.end(), ' '), 2) << batch;
  EXPECT_EQ(node.fold->text["t"], "a,b,c,d,e,f,g");
}

TEST(LaneBatch, Rule6_control_records_stand_alone) {
  LaneOnDisk node;
  node.start();
  node.append("a"), node.append("b");
  node.append("x", RecordKind::activation);
  node.append("y", RecordKind::configuration);
  node.append("c");
  node.run();
  EXPECT_EQ(node.fold->batches, (std::vector<std::string>{"incarnation", "a b", "x", "y", "c"}));
}

TEST(LaneBatch, Rule9_a_mark_carries_the_hash_of_the_effects_before_it) {
  LaneOnDisk node;
  node.start();
  node.append("publish a");
  node.run();
  const auto hash = node.lane->applied().last_batch_hash;
  EXPECT_NE(hash, 0u);
  node.append("b");
  node.run();
  EXPECT_EQ(marks_of(node).back().previous_batch_hash, hash);
  EXPECT_EQ(node.lane->applied().last_batch_hash, 0u);
}

// What was due waited as long as the clock had gone back when no other record came.
TEST(LaneBatch, Rule16_a_clock_that_goes_back_is_journaled_though_nothing_else_is) {
  LaneOnDisk node;
  node.start();
  node.fold->due = node.clock.wall() + std::chrono::seconds(10);
  node.run();
  node.clock.advance(std::chrono::seconds(10));
  node.clock.step_wall(-std::chrono::minutes(30));
  node.run();
  const auto& batches = node.fold->batches;
  ASSERT_GE(batches.size(), 2u);
  const std::int64_t step = -std::chrono::nanoseconds(std::chrono::minutes(30)).count();
  EXPECT_EQ(batches[batches.size() - 2], std::string(reinterpret_cast<const char*>(&step), sizeof step));
  EXPECT_EQ(batches.back(), "tick");
}

TEST(LaneBatch, Rule16_a_tick_is_journaled_when_something_is_due_and_not_before) {
  LaneOnDisk node;
  node.start();
  const auto before = journal_of(node).size();
  node.fold->due = node.clock.wall() + std::chrono::seconds(5);
  node.run();
  EXPECT_EQ(journal_of(node).size(), before);
  EXPECT_EQ(node.lane->next_wake(), node.clock.monotonic() + std::chrono::seconds(5));
  node.clock.advance(std::chrono::seconds(5));
  node.run();
  EXPECT_EQ(node.fold->batches.back(), "tick");
  EXPECT_EQ(node.lane->last_read(), node.journal->last());
}

TEST(LaneBatch, Rule18_a_decision_is_journaled_and_a_replay_obeys_it) {
  LaneOnDisk node;
  node.start();
  node.append("decide");
  node.run();
  node.append("a");
  node.run();
  node.kill();
  node.fold_outcome = "succeeded";  // as it would go today
  node.start();
  EXPECT_EQ(node.fold->text["t"], "decided failed,a");
  EXPECT_EQ(node.log.line("replay"), "");
  EXPECT_EQ(node.lane->applied().epoch, Epoch::first);
}

TEST(LaneBatch, Rule18_a_decision_lost_with_its_process_is_taken_anew_and_journaled) {
  LaneOnDisk node;
  node.start();
  const auto at = node.append("decide");
  const auto mark = node.append(encode(Mark{at, at, node.lane->applied().last_batch_hash, "fold 1"}), RecordKind::mark);
  node.kill();
  node.start();
  EXPECT_EQ(node.fold->text["t"], "decided failed");
  EXPECT_EQ(node.lane->applied().epoch, Epoch::first);
  const auto last = journal_of(node).back();
  ASSERT_EQ(last.kind, RecordKind::decision);
  EXPECT_EQ(decode_decision(last.payload)->mark, mark);
  node.kill();
  node.fold_outcome = "succeeded";
  node.start();
  EXPECT_EQ(node.fold->text["t"], "decided failed");
}

TEST(LaneBatch, Rule18_a_decision_that_an_older_batch_takes_anew_begins_an_epoch) {
  LaneOnDisk node;
  node.start();
  const auto at = node.append("decide");
  node.append(encode(Mark{at, at, 0, "fold 1"}), RecordKind::mark);
  const auto next = node.append("a");
  node.append(encode(Mark{next, next, 0, "fold 1"}), RecordKind::mark);
  node.kill();
  node.start();
  EXPECT_NE(node.log.line("replay_decides_anew").find("subject=function"), std::string::npos);
  EXPECT_EQ(node.lane->applied().epoch, Epoch{2});
}

TEST(LaneBatch, Rule7_a_commit_comes_with_time_or_with_dirty_bytes_and_carries_whole_batches) {
  LaneOnDisk node;
  node.lane_options.commit_interval = std::chrono::seconds(10);
  node.lane_options.commit_bytes = 1000;
  node.start();
  node.append("a");
  node.run();
  EXPECT_EQ(node.lane->counts().commits, 0u);
  EXPECT_EQ(node.lane->next_wake(), node.clock.monotonic() + std::chrono::seconds(10));
  node.clock.advance(std::chrono::seconds(10));
  node.run();
  EXPECT_EQ(node.lane->counts().commits, 1u);
  EXPECT_EQ(node.committed_text()["t"], "a");
  EXPECT_EQ(node.lane->next_wake(), std::nullopt) << "nothing is dirty";
  node.fold->dirty = 1000;
  node.append("b");
  node.run();
  EXPECT_EQ(node.lane->counts().commits, 2u);
  EXPECT_EQ(**node.store->checkpoint(), node.lane->applied());
}

TEST(LaneBatch, Rule7_readers_bring_a_commit_forward_at_most_ten_times_a_second) {
  LaneOnDisk node;
  node.start();
  const auto ask = [&](int times) {
    for (int i = 0; i < times; ++i) {
      node.append("x");
      node.run();
      ASSERT_TRUE(node.lane->commit_for_reader());
      node.clock.advance(std::chrono::milliseconds(2));
    }
  };
  ask(500);
  EXPECT_GE(node.lane->counts().commits, 9u);
  EXPECT_LE(node.lane->counts().commits, 10u);
  // After a pause the first of them sees what is applied; without anything new there is nothing to commit.
  node.clock.advance(std::chrono::seconds(1));
  const auto before = node.lane->counts().commits;
  node.append("y");
  node.run();
  ASSERT_TRUE(node.lane->commit_for_reader());
  EXPECT_TRUE(node.committed_text()["t"].ends_with(",y"));
  node.clock.advance(std::chrono::seconds(1));
  ASSERT_TRUE(node.lane->commit_for_reader());
  EXPECT_EQ(node.lane->counts().commits, before + 1);
}

TEST(LaneBatch, Rule9_the_journal_is_synced_before_every_commit) {
  for (const auto policy : {SyncPolicy::interval, SyncPolicy::always}) {
    LaneOnDisk node;
    node.journal_options.sync = policy;
    node.journal_options.sync_interval = std::chrono::hours(1);
    node.start();
    node.append("a");
    node.run();
    ASSERT_TRUE(node.lane->commit_now());
    EXPECT_GE(node.journal->last_synced(), node.lane->applied().mark);
    node.cut_power();
    node.start();
    EXPECT_EQ(node.log.line("journal_epoch_began").find("the store is ahead"), std::string::npos);
    EXPECT_EQ(node.fold->text["t"], "a");
  }
  LaneOnDisk node;  // never: the medium has it all the same
  node.start();
  node.append("a");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.disk.cut_power();
  node.kill();
  node.start();
  EXPECT_EQ(node.log.line("journal_epoch_began"), "");
}

TEST(LaneBatch, Rule9_a_journal_that_cannot_be_synced_is_not_committed) {
  LaneOnDisk node;
  node.start();
  node.append("a");
  node.run();
  const auto before = node.committed_text();
  node.disk.fail_from(1, EIO);
  EXPECT_FALSE(node.lane->commit_now());
  EXPECT_EQ(node.committed_text(), before);
}

TEST(LaneBatch, Rule5_a_journal_without_room_brings_the_commit_forward) {
  LaneOnDisk node;
  node.journal_options.budget_bytes = 4 * node.journal_options.segment_bytes;
  node.start();
  for (int i = 0; i < 1'000; ++i) {
    node.append(std::string(1'000, 'x'));
    node.run();
  }
  EXPECT_GT(node.lane->counts().commits, 1u);
}

TEST(LaneBatch, a_new_incarnation_of_a_running_lane_takes_its_replacements_back) {
  LaneOnDisk node;
  node.start();
  node.append("put row=1");
  node.run();
  ASSERT_TRUE(node.lane->begin_incarnation(incarnation_of(77)));
  node.run();
  EXPECT_EQ(node.lane->applied().incarnation, incarnation_of(77));
  EXPECT_EQ(node.fold->incarnations.back(), incarnation_of(77));
  EXPECT_TRUE(node.take(OutboxKind::replacement).empty());
  node.append("put row=2");
  node.run();
  const auto rows = node.outbox->take(OutboxKind::replacement, 10);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].key.incarnation, incarnation_of(77));
}

}  // namespace
}  // namespace doppel

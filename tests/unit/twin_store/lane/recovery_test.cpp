// How a lane comes back: after a death at any step, after a lost tail, with a fold that has changed.
#include <cerrno>

#include "tests/unit/twin_store/lane/lane_on_disk.h"

namespace doppel {
namespace {

using Texts = std::map<std::string, std::string>;
using Delivered = std::map<std::string, std::string>;  // key -> payload: what a receiver that drops repeats holds

struct Facts {
  Texts text;
  Checkpoint applied;
  std::vector<std::string> keys;  // of every row that a replay from the beginning makes
};

// What a replay into an empty store comes to.
Facts replayed(LaneOnDisk& node) {
  node.start_beside();
  Facts facts{node.fold->text, node.lane->applied(), {}};
  for (const auto& row : node.outbox->take(OutboxKind::publish, 10'000)) facts.keys.push_back(to_string(row.key) + " " + row.payload);
  return facts;
}

std::vector<std::string> journal_files(LaneOnDisk& node) { return node.disk.list("journal").value(); }

std::string first_segment(LaneOnDisk& node) {
  for (const auto& name : journal_files(node)) {
    if (!node.disk.content("journal/" + name).empty() && name.find("lock") == std::string::npos) return "journal/" + name;
  }
  return {};
}

void lose_journal(LaneOnDisk& node) {
  for (const auto& name : journal_files(node)) ASSERT_TRUE(node.disk.remove("journal/" + name));
}

TEST(LaneRecovery, Rule8_what_was_applied_but_not_committed_is_made_again) {
  LaneOnDisk node;
  node.start();
  node.append("a"), node.append("publish b");
  node.run();
  const auto applied = node.lane->applied();
  node.kill();
  node.start();
  EXPECT_EQ(node.fold->text, (Texts{{"", "incarnation"}, {"t", "a,publish b"}}));
  EXPECT_EQ(node.lane->applied(), applied);
  EXPECT_EQ(node.lane->counts().replayed, 3u);
  EXPECT_EQ(node.take(), std::vector<std::string>{"b"});
}

TEST(LaneRecovery, Rule7_a_replay_goes_on_from_the_last_commit) {
  LaneOnDisk node;
  node.start();
  node.append("a");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.append("b");
  node.run();
  node.kill();
  node.start();
  EXPECT_EQ(node.fold->batches, std::vector<std::string>{"b"});
  EXPECT_EQ(node.fold->text["t"], "a,b");
}

TEST(LaneRecovery, Rule6_a_replay_makes_the_batches_that_the_marks_say) {
  LaneOnDisk node;
  node.lane_options.choose_border = [n = 0](std::size_t at_hand) mutable { return std::min<std::size_t>(at_hand, 1 + ++n % 3); };
  node.start();
  for (char c = 'a'; c <= 'j'; ++c) node.append(std::string(1, c));
  node.run();
  const auto batches = node.fold->batches;
  const auto marks = node.fold->marks;
  ASSERT_GT(batches.size(), 4u);
  node.lane_options.choose_border = nullptr;
  node.kill();
  node.start();
  EXPECT_EQ(node.fold->batches, batches);
  EXPECT_EQ(node.fold->marks, marks);
}

// A source that asks the fold how far it came (its last session) would otherwise get an answer that is too old.
TEST(LaneRecovery, Rule5_records_without_a_mark_are_run_under_a_new_one_before_recovery_is_over) {
  LaneOnDisk node;
  node.start();
  node.append("a");
  node.run();
  const auto mark = node.lane->applied().mark;
  node.append("b"), node.append("c");
  node.kill();
  node.start();
  EXPECT_EQ(node.fold->batches.back(), "b c");
  EXPECT_EQ(node.lane->recovered_mark(), mark);
  node.append("d");
  node.run();
  EXPECT_EQ(node.fold->batches.back(), "d");
}

TEST(LaneRecovery, Rule8_a_death_between_mark_and_batch_changes_nothing) {
  LaneOnDisk node;
  node.start();
  const auto first = node.append("a"), last = node.append("publish b");
  const auto mark = node.append(encode(Mark{first, last, node.lane->applied().last_batch_hash, "fold 1"}), RecordKind::mark);
  node.append("c");
  node.kill();
  node.start();
  ASSERT_EQ(node.fold->batches.size(), 3u);
  EXPECT_EQ(node.fold->batches[1], "a publish b");
  EXPECT_EQ(node.fold->marks[1], mark);
  EXPECT_EQ(node.fold->text["t"], "a,publish b,c");
}

// A death at the n-th call to the disk, for every n there is: within an append, a mark, a decision, a commit, a receipt.
TEST(LaneRecovery, Rule8_a_death_at_any_call_to_the_disk_loses_and_repeats_nothing) {
  const auto serve = [](LaneOnDisk& node, std::size_t& accepted, Delivered& delivered) -> Result<void> {
    const std::vector<std::string> work = {"a", "publish b", "decide", "c", "publish d", "publish e"};
    while (true) {
      if (accepted < work.size()) {
        if (auto taken = node.try_append(work[accepted]); !taken) return taken.error();
        ++accepted;
      }
      if (accepted % 2 == 1 && accepted < work.size()) continue;
      if (auto ran = node.try_run(); !ran) return ran;
      for (const auto& row : node.outbox->take(OutboxKind::publish, 2)) {
        const auto [at, is_new] = delivered.emplace(to_string(row.key), row.payload);
        EXPECT_EQ(at->second, row.payload) << "another row under the key " << at->first;
        if (auto noted = node.outbox->delivered(row); !noted) return noted;
      }
      if (accepted == 4) {
        if (auto committed = node.lane->commit_now(); !committed) return committed;
      }
      if (accepted == work.size()) return {};
    }
  };
  const auto calls = [&] {
    LaneOnDisk node;
    std::size_t accepted = 0;
    Delivered delivered;
    node.start();
    EXPECT_TRUE(serve(node, accepted, delivered));
    return node.disk.calls();
  }();
  EXPECT_GT(calls, 20u);
  for (std::uint64_t death = 1; death <= calls; ++death) {
    LaneOnDisk node;
    std::size_t accepted = 0;
    Delivered delivered;
    node.disk.fail_from(death, EIO);
    auto done = node.try_start();
    if (done) done = serve(node, accepted, delivered);
    node.kill();
    node.disk.heal();
    node.start();
    done = serve(node, accepted, delivered);
    ASSERT_TRUE(done) << done.error().message;
    for (const auto& row : node.outbox->take(OutboxKind::publish, 100)) delivered.emplace(to_string(row.key), row.payload);
    const Facts live{node.fold->text, node.lane->applied(), {}};
    ASSERT_EQ(live.text.at("t"), "a,publish b,decided failed,c,publish d,publish e") << "death at call " << death;
    const Facts again = replayed(node);
    EXPECT_EQ(again.text, live.text) << "death at call " << death;
    EXPECT_EQ(again.applied, live.applied) << "death at call " << death;
    std::vector<std::string> keys;
    for (const auto& [key, payload] : delivered) keys.push_back(key + " " + payload);
    auto made = again.keys;
    std::sort(made.begin(), made.end());
    EXPECT_EQ(keys, made) << "death at call " << death;
    if (testing::Test::HasFailure()) return;
  }
}

TEST(LaneRecovery, Rule8_a_replay_of_a_lane_that_lagged_far_behind_ends) {
  LaneOnDisk node;
  node.journal_options.segment_bytes = 1u << 20;
  node.journal_options.budget_bytes = 16u << 20;
  node.start();
  constexpr int kBacklog = 20'000;  // marks lie this many records behind what they are about
  for (int i = 0; i < kBacklog; ++i) node.append("x");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(*node.lane->step());
  const auto marks = node.fold->marks;
  node.kill();
  node.start();
  ASSERT_GT(node.fold->marks.size(), marks.size());
  EXPECT_TRUE(std::equal(marks.begin(), marks.end(), node.fold->marks.begin()));
  EXPECT_EQ(node.fold->text["t"].size(), 2u * kBacklog - 1);
}

TEST(LaneRecovery, Rule9_a_replay_that_makes_other_effects_is_named_and_begins_an_epoch) {
  LaneOnDisk node;
  node.lane_options.snapshot_folder = node.folder.file("");
  node.start();
  node.append("publish a");
  node.run();
  node.append("b");
  node.run();
  node.kill();
  node.fold_suffix = " changed";
  node.start();
  const auto line = node.log.line("replay_differs");
  EXPECT_NE(line.find("journaled_hash="), std::string::npos);
  EXPECT_NE(line.find("replayed_hash="), std::string::npos);
  EXPECT_NE(node.log.line("journal_epoch_began").find("why=a replay made other effects"), std::string::npos);
  EXPECT_EQ(node.lane->applied().epoch, Epoch{2});
}

TEST(LaneRecovery, Rule9_other_effects_of_a_replay_leave_only_under_keys_not_delivered_before) {
  LaneOnDisk node;
  node.start();
  node.append("publish a"), node.append("publish b");
  node.run();
  node.append("c");
  node.run();
  ASSERT_TRUE(node.outbox->delivered(node.outbox->take(OutboxKind::publish, 1).front()));
  node.kill();
  node.fold_suffix = " changed";
  node.start();
  EXPECT_EQ(node.take(), std::vector<std::string>{"b changed"});
}

TEST(LaneRecovery, Rule18_a_replay_under_another_version_says_so) {
  LaneOnDisk node;
  node.start();
  node.append("a");
  node.run();
  node.kill();
  node.fold_version = "fold 2";
  node.start();
  const auto line = node.log.line("replay_under_another_version");
  EXPECT_NE(line.find("journaled=fold 1 running=fold 2"), std::string::npos) << line;
  node.append("b");
  node.run();
  node.kill();
  node.start();
  EXPECT_EQ(node.lane->replayed_versions(), (std::set<std::string>{"fold 1", "fold 2"}));
}

TEST(LaneRecovery, Rule4_a_lost_tail_begins_an_epoch_with_a_base_before_the_first_append) {
  LaneOnDisk node;
  node.journal_options.sync = SyncPolicy::never;
  node.lane_options.snapshot_folder = node.folder.file("");
  node.start();
  node.append("a");
  node.run();
  ASSERT_TRUE(node.lane->commit_now());
  node.clock.advance(std::chrono::seconds(3));
  node.append("lost");
  node.run();
  node.cut_power();
  node.start();
  EXPECT_EQ(node.lane->applied().epoch, Epoch{2});
  const std::string line = node.log.line("journal_epoch_began");
  EXPECT_NE(line.find("a tail of the journal may be lost"), std::string::npos);
  EXPECT_NE(line.find("last_arrival=2026-01-01T00:00:00Z"), std::string::npos) << line;
  auto base = open_store({.path = node.folder.file("epoch-2.db"), .fold_tables = {"text"}, .program = "test 1", .hooks = nullptr});
  ASSERT_TRUE(base) << base.error().message;
  EXPECT_EQ(*(*base)->find("text", "t"), "a");
  node.append("b");
  node.run();
  EXPECT_EQ(node.fold->text["t"], "a,b");
  EXPECT_EQ(node.journal->epoch(), Epoch{2});
}

TEST(LaneRecovery, Rule4_a_journal_that_is_gone_does_not_take_the_store_back) {
  LaneOnDisk node;
  node.start();
  for (const char* payload : {"a", "publish b", "c"}) node.append(payload), node.run();
  node.stop();
  const auto before = [&] {
    node.start();
    const auto applied = node.lane->applied();
    node.stop();
    return applied;
  }();
  lose_journal(node);
  node.start();
  EXPECT_NE(node.log.line("journal_epoch_began").find("the store is ahead of the journal"), std::string::npos);
  EXPECT_EQ(node.fold->text["t"], "a,publish b,c");
  EXPECT_GT(node.append("d"), before.mark);
  node.run();
  EXPECT_EQ(node.fold->text["t"], "a,publish b,c,d");
  EXPECT_GT(node.lane->applied().epoch, before.epoch);
}

TEST(LaneRecovery, Rule4_epochs_grow_also_when_the_journal_is_lost_after_several) {
  LaneOnDisk node;
  node.lane_options.snapshot_folder = node.folder.file("");
  node.start();
  for (int cut = 0; cut < 3; ++cut) {
    node.append("a");
    node.run();
    ASSERT_TRUE(node.lane->commit_now());
    node.cut_power();
    node.start();
  }
  ASSERT_EQ(node.lane->applied().epoch, Epoch{4});
  node.append("b");
  node.run();
  node.stop();
  lose_journal(node);
  node.start();
  EXPECT_EQ(node.lane->applied().epoch, Epoch{5});
  EXPECT_EQ(node.journal->epoch(), Epoch{5});
  EXPECT_TRUE(std::filesystem::exists(node.folder.file("epoch-5.db")));
}

TEST(LaneRecovery, Rule4_a_mark_that_the_journal_has_lost_is_not_used_again) {
  LaneOnDisk node;
  node.start();
  const std::string segment = first_segment(node);
  node.append("publish a");
  const std::string before_mark = node.disk.content(segment);
  node.run();
  const auto mark = node.lane->applied().mark;
  ASSERT_TRUE(node.lane->commit_now());
  node.kill();
  node.disk.set_content(segment, before_mark);
  node.start();
  EXPECT_NE(node.log.line("journal_epoch_began").find("the store is ahead of the journal"), std::string::npos);
  node.append("publish b");
  node.run();
  EXPECT_GT(node.lane->applied().mark, mark);
  EXPECT_EQ(node.fold->text["t"], "publish a,publish b");
}

TEST(LaneRecovery, Rule3_records_whose_mark_was_quarantined_are_still_applied_in_lawful_batches) {
  LaneOnDisk node;
  node.start();
  node.append("a"), node.append("b");
  node.run();
  const std::string segment = first_segment(node);
  node.append("x", RecordKind::desired);
  node.run();
  node.append("c");
  node.run();
  std::string bytes = node.disk.content(segment);
  std::size_t at = 0;  // the second mark's version text, then the third's
  for (int mark = 0; mark < 3; ++mark) {
    at = bytes.find("fold 1", at + 1);
    if (mark > 0) bytes[at] = 'F';
  }
  node.kill();
  node.disk.set_content(segment, bytes);
  node.start();
  EXPECT_EQ(node.fold->text["t"], "a,b,x,c");
  EXPECT_EQ(node.fold->batches, (std::vector<std::string>{"incarnation", "a b", "x", "c"}));
  EXPECT_EQ(node.lane->applied().epoch, Epoch{2});
}

// Whoever starts a node appends before the lane has its first turn: with a full journal that ended the process, at every start anew.
TEST(LaneRecovery, a_journal_that_is_full_takes_records_again_after_a_restart) {
  for (const bool is_committed : {false, true}) {
    LaneOnDisk node;
    node.journal_options.budget_bytes = 4 * node.journal_options.segment_bytes;
    node.start();
    const std::string payload(4'000, 'x');
    while (node.try_append(payload)) continue;
    if (is_committed) {
      node.start();
      ASSERT_TRUE(node.lane->commit_now());
    }
    node.start();
    const auto position = node.try_append(payload);
    EXPECT_TRUE(position) << position.error().message;
  }
}

TEST(LaneRecovery, a_store_that_is_empty_beside_an_old_journal_is_refused_by_name) {
  LaneOnDisk node;
  node.journal_options.budget_bytes = 4 * node.journal_options.segment_bytes;
  node.start();
  while (node.journal->first() == Position{1}) {
    node.append(std::string(10'000, 'x'));
    node.run();
    ASSERT_TRUE(node.lane->commit_now());
  }
  node.kill();
  node.store_name = "another.db";
  const auto started = node.try_start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::corrupt_data);
  EXPECT_NE(started.error().message.find("begins at position"), std::string::npos);
}

}  // namespace
}  // namespace doppel

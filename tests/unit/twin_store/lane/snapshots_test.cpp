// Copies of the store: when they are made, and how a damaged store is made again from them.
#include "twin_store/lane/snapshots.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/twin_store/lane/lane_on_disk.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;

struct SnapshotsTest : testing::Test {
  Folder folder;
  std::unique_ptr<Disk> disk = *open_system_disk(folder.file(""));
  ManualClock clock{from_nanoseconds(1'767'225'600'000'000'000)};
  JournalOptions journal_options{.sync = SyncPolicy::never, .segment_bytes = 64u << 10, .budget_bytes = 1u << 20, .boot_id = "boot", .program = "test 1"};
  OpenedJournal opened;
  std::unique_ptr<Store> store;
  SnapshotOptions options{.folder = "snapshots", .path = folder.file("snapshots"), .interval = std::chrono::hours(6), .journal_bytes = 1u << 20};
  std::optional<Restored> restored;

  void SetUp() override {
    ASSERT_TRUE(disk->make_folder("snapshots"));
    auto made = open_journal(*disk, "journal", clock, journal_options);
    ASSERT_TRUE(made) << made.error().message;
    opened = *std::move(made);
    store = *open_store(store_options());
  }
  StoreOptions store_options() const { return {.path = folder.file("twin.db"), .fold_tables = {"text"}, .program = "test 1", .hooks = nullptr}; }
  Journal& journal() { return *opened.journal; }
  Checkpoint checkpoint(Position position) {
    Checkpoint c;
    c.epoch = journal().epoch();
    c.position = position;
    return c;
  }
  // Journals a record and commits what came of it: row KEY of table text.
  Position commit(const std::string& key, const std::string& value) {
    const auto position = journal().append({.kind = RecordKind::message, .topic = "t", .payload = value});
    EXPECT_TRUE(position);
    EXPECT_TRUE(store->commit(checkpoint(*position), std::vector<RowChange>{{"text", key, value}}));
    return *position;
  }
  Result<void> snapshot_at(Snapshots& snapshots, Position position) { return snapshots.after_commit(*store, journal(), checkpoint(position)); }
  std::vector<std::string> files() const { return *disk->list("snapshots"); }

  // Writes over what the store's file has where `text` stands first.
  void damage(const std::string& file, const std::string& text) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(bytes), {}};
    const auto at = all.find(text);
    ASSERT_NE(at, std::string::npos) << text << " is not in " << file;
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put(static_cast<char>(text[0] ^ 1));
  }
  Result<std::unique_ptr<Store>> open_again() {
    store.reset();  // moves the log into the file
    return open_or_restore(*disk, store_options(), options, journal(), restored);
  }
};

TEST_F(SnapshotsTest, one_is_made_when_the_interval_has_passed_and_the_one_before_it_goes) {
  auto snapshots = *Snapshots::open(*disk, clock, options);
  const auto first = commit("a", "1");
  ASSERT_TRUE(snapshot_at(snapshots, first));
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(snapshots.newest(), Position::none);
  clock.advance(std::chrono::hours(6));
  ASSERT_TRUE(snapshot_at(snapshots, first));
  EXPECT_EQ(files(), std::vector<std::string>{snapshot_name(first)});
  clock.advance(std::chrono::hours(6));
  ASSERT_TRUE(snapshot_at(snapshots, first));
  EXPECT_EQ(files(), std::vector<std::string>{snapshot_name(first)}) << "nothing has changed";
  const auto second = commit("a", "2");
  ASSERT_TRUE(snapshot_at(snapshots, second));
  EXPECT_EQ(files(), std::vector<std::string>{snapshot_name(second)});
  EXPECT_EQ(Snapshots::open(*disk, clock, options)->newest(), second);
}

TEST_F(SnapshotsTest, one_is_made_when_as_much_was_journaled_as_is_allowed) {
  options.journal_bytes = 128u << 10;
  auto snapshots = *Snapshots::open(*disk, clock, options);
  int commits = 0;
  for (; files().empty() && commits < 1'000; ++commits) {
    ASSERT_TRUE(snapshot_at(snapshots, commit("a", std::string(10'000, 'x'))));
  }
  EXPECT_GE(commits, 5);
  EXPECT_LE(commits, 15);
}

TEST_F(SnapshotsTest, bases_of_earlier_epochs_go_with_the_next_snapshot) {
  auto snapshots = *Snapshots::open(*disk, clock, options);
  const auto position = commit("a", "1");
  for (const auto epoch : {Epoch{0}, journal().epoch()}) ASSERT_TRUE(store->snapshot_to(options.path + "/" + base_name(epoch)));
  clock.advance(std::chrono::hours(6));
  ASSERT_TRUE(snapshot_at(snapshots, position));
  EXPECT_EQ(files(), (std::vector<std::string>{base_name(journal().epoch()), snapshot_name(position)}));
}

// A store made again from an older snapshot, beside a newer one that is damaged, lost the records it had yet to replay.
TEST_F(SnapshotsTest, the_journal_is_not_cut_beyond_what_the_store_holds_though_a_snapshot_is_ahead) {
  Position last = Position::none;
  for (int i = 0; i < 30; ++i) last = commit("a", std::string(10'000, 'x'));
  ASSERT_TRUE(store->snapshot_to(options.path + "/" + snapshot_name(last)));
  auto snapshots = *Snapshots::open(*disk, clock, options);
  auto delivery_log = *DeliveryLog::open(*disk, "delivery");
  NullLog log;
  Outbox outbox(*delivery_log, {}, log);
  CommitJob job;
  clock.advance(journal_options.keep + std::chrono::hours(1));
  job.checkpoint = checkpoint(Position{2});
  ASSERT_TRUE(doppel::commit(job, journal(), *store, outbox, &snapshots));
  EXPECT_EQ(journal().first(), Position{1});
  job.checkpoint = checkpoint(last);
  ASSERT_TRUE(doppel::commit(job, journal(), *store, outbox, &snapshots));
  EXPECT_GT(journal().first(), Position{1});
}

TEST_F(SnapshotsTest, a_whole_store_is_opened_as_it_is) {
  commit("a", "1");
  const auto again = open_again();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*(*again)->find("text", "a"), "1");
  EXPECT_FALSE(restored);
}

TEST_F(SnapshotsTest, a_store_with_a_flipped_bit_in_a_value_is_made_again_from_the_snapshot) {
  auto snapshots = *Snapshots::open(*disk, clock, options);
  const auto held = commit("a", "a value as it was written");
  clock.advance(std::chrono::hours(6));
  ASSERT_TRUE(snapshot_at(snapshots, held));
  commit("b", "one that came later");
  store.reset();
  damage(folder.file("twin.db"), "a value as it was");
  const auto again = open_again();
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_TRUE(restored);
  EXPECT_NE(restored->why.find("row \"a\" of table text is not what was written"), std::string::npos) << restored->why;
  EXPECT_EQ(restored->from, options.path + "/" + snapshot_name(held));
  EXPECT_TRUE(fs::exists(restored->set_aside));
  EXPECT_EQ((**(*again)->checkpoint()).position, held);
  EXPECT_EQ(*(*again)->find("text", "a"), "a value as it was written");
}

TEST_F(SnapshotsTest, without_a_snapshot_a_whole_journal_makes_it_again_from_nothing) {
  commit("a", "a value as it was written");
  store.reset();
  damage(folder.file("twin.db"), "SQLite format 3");
  const auto again = open_again();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(restored->from, "");
  EXPECT_FALSE((*again)->checkpoint()->has_value());
}

TEST_F(SnapshotsTest, a_snapshot_that_is_damaged_itself_is_passed_over) {
  const auto first = commit("a", "first value");
  ASSERT_TRUE(store->snapshot_to(options.path + "/" + snapshot_name(first)));
  const auto second = commit("b", "second value");
  ASSERT_TRUE(store->snapshot_to(options.path + "/" + snapshot_name(second)));
  store.reset();
  damage(folder.file("twin.db"), "first value");
  damage(options.path + "/" + snapshot_name(second), "second value");
  ASSERT_TRUE(open_again());
  EXPECT_EQ(restored->from, options.path + "/" + snapshot_name(first));
}

TEST_F(SnapshotsTest, what_nothing_can_make_again_is_left_where_it_is_and_said) {
  const auto before = commit("a", "first value");
  ASSERT_TRUE(store->snapshot_to(options.path + "/" + snapshot_name(before)));
  ASSERT_TRUE(journal().begin_epoch(journal().last()));  // what the earlier epoch lost is in no copy
  commit("b", "second value");
  store.reset();
  damage(folder.file("twin.db"), "first value");
  const auto again = open_again();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::corrupt_data);
  EXPECT_NE(again.error().message.find("what came before is lost"), std::string::npos) << again.error().message;
  EXPECT_TRUE(fs::exists(folder.file("twin.db")));
  EXPECT_FALSE(restored);
}

TEST_F(SnapshotsTest, the_base_of_the_present_epoch_is_a_snapshot_too) {
  commit("a", "first value");
  ASSERT_TRUE(store->snapshot_to(options.path + "/" + base_name(Epoch{2})));
  ASSERT_TRUE(journal().begin_epoch(journal().last()));
  ASSERT_EQ(journal().epoch(), Epoch{2});
  store.reset();
  damage(folder.file("twin.db"), "first value");
  const auto again = open_again();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(restored->from, options.path + "/" + base_name(Epoch{2}));
}

}  // namespace
}  // namespace doppel

#include "twin_store/store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace doppel {
namespace {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("doppel-store-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ / "twin.db"; }
  Result<std::unique_ptr<Store>> open(FileHooks* hooks = nullptr) {
    return open_store({.path = path(), .fold_tables = {"twin", "window"}, .program = "doppel 1.2.3", .hooks = hooks});
  }
  static Checkpoint checkpoint_at(std::uint64_t position) {
    Checkpoint c;
    c.incarnation.bytes[0] = 7;
    c.epoch = Epoch{2};
    c.position = Position{position};
    c.mark = Position{position + 1};
    c.effects_hash = 0x1234;
    c.last_batch_hash = 0x5678;
    return c;
  }
  void write_user_version(int version) {
    // Offset 60 of a SQLite file is the user version, big-endian (sqlite.org/fileformat2.html).
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(63);
    file.put(static_cast<char>(version));
  }

  // What a program of schema 1 left: two twins of an edge, windows, a dead letter.
  void make_schema_1() {
    std::ifstream file(DOPPEL_SOURCE_DIR "/tests/golden/store/schema_1.sql");
    const std::string sql(std::istreambuf_iterator<char>(file), {});
    sqlite3* db = nullptr;
    sqlite3_open(path().c_str(), &db);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  std::filesystem::path folder_;
};

TEST_F(StoreTest, a_new_store_has_no_checkpoint) {
  auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->checkpoint()->has_value(), false);
}

TEST_F(StoreTest, a_commit_is_there_after_reopening_with_its_checkpoint) {
  {
    auto store = open();
    const std::vector<RowChange> changes = {{"twin", "b", "2"}, {"twin", "a", std::string("\0x", 2)}, {"window", "w", ""}};
    ASSERT_TRUE((*store)->commit(checkpoint_at(10), changes));
  }
  auto store = open();
  EXPECT_EQ(**(*store)->checkpoint(), checkpoint_at(10));
  std::vector<std::pair<std::string, std::string>> rows;
  ASSERT_TRUE((*store)->for_each("twin", [&](auto key, auto value) { rows.emplace_back(key, value); }));
  EXPECT_EQ(rows, (std::vector<std::pair<std::string, std::string>>{{"a", std::string("\0x", 2)}, {"b", "2"}}));
  EXPECT_EQ((*store)->find("window", "w")->value(), "");
}

TEST_F(StoreTest, a_change_without_value_deletes_the_row) {
  auto store = open();
  const auto committed = (*store)->commit(checkpoint_at(1), std::vector<RowChange>{{"twin", "a", "1"}});
  ASSERT_TRUE(committed) << committed.error().message;
  ASSERT_TRUE((*store)->commit(checkpoint_at(2), std::vector<RowChange>{{"twin", "a", std::nullopt}}));
  EXPECT_FALSE((*store)->find("twin", "a")->has_value());
}

TEST_F(StoreTest, a_file_of_a_newer_schema_is_refused_by_the_name_of_its_program) {
  {
    auto store = open();
    ASSERT_TRUE((*store)->commit(checkpoint_at(1), {}));
  }  // closing moves the log into the file
  write_user_version(9);
  auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::conflict);
  EXPECT_NE(store.error().message.find("schema 9, made by doppel 1.2.3"), std::string::npos) << store.error().message;
}

TEST_F(StoreTest, a_file_of_schema_1_is_migrated_and_loses_nothing) {
  make_schema_1();
  const auto refused = verify_store(path());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("has store schema 1: start its node"), std::string::npos) << refused.error().message;
  {
    auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE((*store)->verify());
    const auto checkpoint = (*store)->checkpoint();
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ((*checkpoint)->position, Position{20});
    EXPECT_EQ((*checkpoint)->last_batch_hash, 0x48f2bb04b5cc7ce9u);
    std::vector<std::string> twins;
    ASSERT_TRUE((*store)->for_each("twin", [&](auto key, auto) { twins.emplace_back(key); }));
    EXPECT_EQ(twins, (std::vector<std::string>{"plant/pump-1", "plant/pump-2"}));
    ASSERT_TRUE((*store)->commit(checkpoint_at(30), std::vector<RowChange>{{"twin", "plant/pump-3", "x"}}));
  }
  const auto verified = verify_store(path());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(open());
}

TEST_F(StoreTest, a_file_that_is_no_database_is_named_as_corrupt) {
  std::ofstream(path()) << "this is no database, however long it may be, and it is long enough to be read as a header of one hundred bytes";
  auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::corrupt_data);
  EXPECT_NE(store.error().message.find(path()), std::string::npos);
}

TEST_F(StoreTest, a_snapshot_opens_as_a_store_with_the_same_rows) {
  const std::string copy = folder_ / "copy.db";
  {
    auto store = open();
    ASSERT_TRUE((*store)->commit(checkpoint_at(3), std::vector<RowChange>{{"twin", "a", "1"}}));
    ASSERT_TRUE((*store)->snapshot_to(copy));
  }
  auto store = open_store({.path = copy, .fold_tables = {"twin", "window"}, .program = "doppel 1.2.3"});
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(**(*store)->checkpoint(), checkpoint_at(3));
  EXPECT_EQ((*store)->find("twin", "a")->value(), "1");
}

class FailingHooks final : public FileHooks {
 public:
  Verdict before_write(std::string_view, std::int64_t, std::string_view) override { return verdict; }
  Verdict before_sync(std::string_view) override { return verdict; }
  Verdict verdict = Verdict::go_on;
};

TEST_F(StoreTest, a_failed_commit_leaves_the_commit_before_it) {
  for (const auto verdict : {FileHooks::Verdict::disk_full, FileHooks::Verdict::io_error}) {
    FailingHooks hooks;
    auto store = open(&hooks);
    ASSERT_TRUE((*store)->commit(checkpoint_at(5), std::vector<RowChange>{{"twin", "a", "good"}}));
    hooks.verdict = verdict;
    const auto failed = (*store)->commit(checkpoint_at(6), std::vector<RowChange>{{"twin", "a", std::string(100'000, 'x')}});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::unavailable) << failed.error().message;
    hooks.verdict = FileHooks::Verdict::go_on;
    store = open(&hooks);
    EXPECT_EQ(**(*store)->checkpoint(), checkpoint_at(5));
    EXPECT_EQ((*store)->find("twin", "a")->value(), "good");
  }
}

class FillingHooks final : public FileHooks {
 public:
  Verdict before_write(std::string_view, std::int64_t, std::string_view) override { return left-- > 0 ? Verdict::go_on : Verdict::disk_full; }
  Verdict before_sync(std::string_view) override { return Verdict::go_on; }
  int left = 0;
};

TEST_F(StoreTest, a_migration_that_a_full_disk_stops_is_done_by_a_later_start) {
  make_schema_1();
  FillingHooks hooks;
  int stopped = 0;
  for (;; ++stopped) {
    hooks.left = stopped;
    const auto store = open(&hooks);
    if (store) break;
    EXPECT_EQ(store.error().code, ErrorCode::unavailable) << store.error().message;
  }
  EXPECT_GT(stopped, 10);
  const auto verified = verify_store(path());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ((*open())->find("twin", "plant/pump-1")->has_value(), true);
}

// What a power cut would leave: files whose last write no sync has followed, and how many writes each file took.
class RecordingHooks final : public FileHooks {
 public:
  Verdict before_write(std::string_view path, std::int64_t, std::string_view) override {
    unsynced.insert(std::string(path));
    ++writes[std::string(path)];
    return Verdict::go_on;
  }
  Verdict before_sync(std::string_view path) override {
    unsynced.erase(std::string(path));
    return Verdict::go_on;
  }
  std::set<std::string> unsynced;
  std::map<std::string, int> writes;
};

TEST_F(StoreTest, a_commit_is_on_the_medium_when_it_returns) {
  RecordingHooks hooks;
  auto store = open(&hooks);
  ASSERT_TRUE((*store)->commit(checkpoint_at(1), std::vector<RowChange>{{"twin", "a", "1"}}));
  EXPECT_GT(hooks.writes[path() + "-wal"], 0);
  EXPECT_EQ(hooks.unsynced.count(path() + "-wal"), 0U);
}

TEST_F(StoreTest, a_snapshot_is_on_the_medium_when_it_returns) {
  RecordingHooks hooks;
  auto store = open(&hooks);
  const std::string copy = folder_ / "copy.db";
  ASSERT_TRUE((*store)->commit(checkpoint_at(3), std::vector<RowChange>{{"twin", "a", "1"}}));
  const auto made = (*store)->snapshot_to(copy);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GT(hooks.writes[copy + ".part"], 0);
  EXPECT_EQ(hooks.unsynced.count(copy + ".part"), 0U);
  EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
}

// Lets every write through and no sync of one file.
class UnsyncedHooks final : public FileHooks {
 public:
  Verdict before_write(std::string_view, std::int64_t, std::string_view) override { return Verdict::go_on; }
  Verdict before_sync(std::string_view path) override { return path.ends_with(".part") ? Verdict::io_error : Verdict::go_on; }
};

TEST_F(StoreTest, a_snapshot_that_cannot_be_synced_replaces_nothing) {
  UnsyncedHooks hooks;
  auto store = open(&hooks);
  const std::string copy = folder_ / "copy.db";
  std::ofstream(copy) << "the one before";
  ASSERT_TRUE((*store)->commit(checkpoint_at(3), std::vector<RowChange>{{"twin", "a", "1"}}));
  const auto made = (*store)->snapshot_to(copy);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::unavailable) << made.error().message;
  std::string kept;
  std::getline(std::ifstream(copy) >> std::ws, kept);
  EXPECT_EQ(kept, "the one before");
}

TEST_F(StoreTest, the_main_file_is_written_when_the_log_is_full_and_not_before) {
  RecordingHooks hooks;
  auto store = open(&hooks);
  const auto commit = [&](std::uint64_t position, std::size_t bytes) {
    ASSERT_TRUE((*store)->commit(checkpoint_at(position), std::vector<RowChange>{{"twin", "a", std::string(bytes, 'x')}}));
    ASSERT_TRUE((*store)->checkpoint_log());
  };
  const int at_first = hooks.writes[path()];
  for (std::uint64_t position = 1; position <= 10; ++position) commit(position, 100);
  EXPECT_EQ(hooks.writes[path()], at_first);
  commit(11, 5u << 20);
  EXPECT_GT(hooks.writes[path()], at_first);
}

TEST_F(StoreTest, hooks_count_what_reaches_the_files) {
  CountingHooks hooks;
  auto store = open(&hooks);
  const auto before = hooks.bytes_written();
  ASSERT_TRUE((*store)->commit(checkpoint_at(1), std::vector<RowChange>{{"twin", "a", std::string(10'000, 'x')}}));
  EXPECT_GE(hooks.bytes_written(), before + 10'000);
}

}  // namespace
}  // namespace doppel

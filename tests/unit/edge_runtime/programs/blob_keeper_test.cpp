// Blobs go when nothing can need them any more, and no sooner.
#include "edge_runtime/programs/blob_keeper.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "twin_store/model/hash.h"
#include "twin_store/store/store.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTable = "function";

struct BlobKeeperTest : testing::Test {
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "doppel-blobs-XXXXXX").string();
    root = mkdtemp(name.data());
    disk = std::move(open_system_disk(root)).value();
    blobs = std::move(BlobStore::open(*disk, "blobs")).value();
    JournalOptions options;
    options.sync = SyncPolicy::never;
    options.segment_bytes = 64u << 10;
    options.budget_bytes = 4 * options.segment_bytes;
    options.boot_id = "boot";
    options.program = "test";
    journal = std::move(open_journal(*disk, "journal", clock, options)->journal);
    store = std::move(open_store({.path = root / "twin.db", .fold_tables = {std::string(kTable)}, .program = "test"})).value();
    fs::create_directory(root / "snapshots");
    keeper.emplace(*blobs, *journal, BlobKeeper::Places{root / "twin.db", root / "snapshots", std::string(kTable)});
  }
  void TearDown() override { fs::remove_all(root); }

  std::string put(const std::string& bytes) { return blobs->put(bytes).value(); }
  void activate(const std::string& sha) {
    ASSERT_TRUE(journal->append({.kind = RecordKind::activation, .topic = "f", .payload = "manifest " + sha + " and more"}));
  }
  void commit(std::optional<std::string> row, Position position = Position{1}) {
    const RowChange change{kTable, "f", std::move(row)};
    Checkpoint checkpoint;
    checkpoint.position = position;
    ASSERT_TRUE(store->commit(checkpoint, {&change, 1}));
  }
  // Fills the journal until its first records are gone.
  void outgrow_the_journal() {
    const std::string payload(8'000, 'x');
    const Position first = journal->first();
    journal->set_committed(journal->last());
    while (journal->first() == first) {
      const auto position = journal->append({.payload = payload});
      ASSERT_TRUE(position) << position.error().message;
      journal->set_committed(*position);
    }
  }

  fs::path root;
  ManualClock clock{from_nanoseconds(1'767'225'600'000'000'000)};
  std::unique_ptr<Disk> disk;
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Store> store;
  std::optional<BlobKeeper> keeper;
};

TEST_F(BlobKeeperTest, a_blob_that_nothing_names_goes_and_those_that_the_store_names_stay) {
  const auto named = put("named"), other = put("other");
  commit("row of " + named);
  EXPECT_EQ(keeper->sweep().value(), std::vector<std::string>{other});
  EXPECT_EQ(blobs->list().value(), std::vector<std::string>{named});
  EXPECT_TRUE(keeper->sweep().value().empty());
}

TEST_F(BlobKeeperTest, Rule9_what_a_replay_of_the_kept_journal_needs_stays_until_retention_cuts_it) {
  const auto first = put("first"), second = put("second");
  activate(first);
  activate(second);
  commit("row of " + second);
  EXPECT_TRUE(keeper->sweep().value().empty()) << "a replay from the beginning runs the first version";
  outgrow_the_journal();
  EXPECT_EQ(keeper->sweep().value(), std::vector<std::string>{first});
}

TEST_F(BlobKeeperTest, what_a_replay_from_the_oldest_kept_snapshot_needs_stays_as_long_as_the_snapshot) {
  const auto first = put("first"), second = put("second");
  commit("row of " + first);
  ASSERT_TRUE(store->snapshot_to(root / "snapshots" / "position-1.db"));
  commit("row of " + second, Position{2});
  ASSERT_TRUE(store->snapshot_to(root / "snapshots" / "position-2.db"));
  EXPECT_TRUE(keeper->sweep().value().empty());
  fs::remove(root / "snapshots" / "position-1.db");
  EXPECT_EQ(keeper->sweep().value(), std::vector<std::string>{first});
}

TEST_F(BlobKeeperTest, where_a_snapshot_cannot_be_read_nothing_goes) {
  put("unnamed");
  std::ofstream(root / "snapshots" / "position-1.db") << "not a database, but as long as the first page of one might be, or so";
  EXPECT_FALSE(keeper->sweep());
  EXPECT_EQ(blobs->list()->size(), 1u);
}

}  // namespace
}  // namespace doppel

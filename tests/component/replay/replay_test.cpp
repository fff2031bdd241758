// A journal folded again gives the same bytes: the real pipeline, a real WebAssembly function, a kill in the middle.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "edge_runtime/pipeline/pipeline.h"
#include "edge_runtime/wasm/wasm_engine.h"
#include "functions/abi/activation.h"
#include "twin_store/lane/lane.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;
using Tables = std::map<std::string, std::map<std::string, std::string>>;

constexpr int kMessages = 6000, kTwins = 40;

std::string file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

// A lane on real files, with its own store. Several may use one journal, one after the other.
class Node {
 public:
  Node(const fs::path& root, std::string store_name) : root_(root), store_name_(std::move(store_name)) {}

  void start(LaneOptions options = {}) {
    disk_ = std::move(open_system_disk(root_.string())).value();
    JournalOptions journal_options;
    journal_options.segment_bytes = 1u << 20;
    journal_options.budget_bytes = 64u << 20;
    journal_options.boot_id = "boot";
    journal_options.program = "test";
    auto opened = open_journal(*disk_, "journal", clock_, journal_options);
    ASSERT_TRUE(opened) << opened.error().message;
    journal = std::move(opened->journal);
    blobs = std::move(BlobStore::open(*disk_, "blobs")).value();
    WasmOptions wasm;
    wasm.cache_folder = (root_ / "native").string();
    wasm.compiler = {std::string(DOPPEL_BINARY_DIR) + "/tests/guests/compile_module"};
    auto engine = WasmEngine::open(wasm, *blobs);
    ASSERT_TRUE(engine) << engine.error().message;
    engine_ = *std::move(engine);
    pipeline = std::make_unique<Pipeline>(*engine_);
    StoreOptions store_options{.path = (root_ / store_name_).string(), .fold_tables = {}, .program = "test", .hooks = nullptr};
    for (const auto table : pipeline->tables()) store_options.fold_tables.emplace_back(table);
    store = std::move(open_store(store_options)).value();
    delivery_log_ = std::move(DeliveryLog::open(*disk_, "delivery-" + store_name_)).value();
    outbox = std::make_unique<Outbox>(*delivery_log_, OutboxOptions{}, log_);
    committer_ = std::make_unique<DirectCommitter>(*journal, *store, *outbox);
    lane = std::make_unique<Lane>(LaneParts{*pipeline, *journal, *store, *outbox, *committer_, clock_, log_}, std::move(options));
    Incarnation incarnation;
    incarnation.bytes[0] = 1;
    const auto recovered = lane->recover(opened->recovery, incarnation);
    ASSERT_TRUE(recovered) << recovered.error().message;
  }
  void kill() {
    lane.reset(), committer_.reset(), outbox.reset(), delivery_log_.reset(), store.reset(), pipeline.reset(), engine_.reset();
    blobs.reset(), journal.reset();
  }
  void run() {
    for (;;) {
      const auto ran = lane->step();
      ASSERT_TRUE(ran) << ran.error().message;
      if (!*ran) return;
    }
  }
  void append(NewRecord record) {
    const auto position = journal->append(record);
    ASSERT_TRUE(position) << position.error().message;
  }
  Tables tables() {
    EXPECT_TRUE(lane->commit_now());
    Tables all;
    for (const auto table : pipeline->tables()) {
      EXPECT_TRUE(store->for_each(table, [&](std::string_view key, std::string_view value) { all[std::string(table)].emplace(key, value); }));
    }
    return all;
  }

  std::unique_ptr<Journal> journal;
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Store> store;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<Lane> lane;

 private:
  const fs::path root_;
  const std::string store_name_;
  ManualClock clock_{from_nanoseconds(1'767'225'600'000'000'000)};
  NullLog log_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<WasmEngine> engine_;
  std::unique_ptr<DeliveryLog> delivery_log_;
  std::unique_ptr<Committer> committer_;
};

class ReplayTest : public testing::Test {
 protected:
  void SetUp() override {
    module_ = file_content(std::string(DOPPEL_BINARY_DIR) + "/guests/running_statistics.wasm");
    if (module_.empty()) GTEST_SKIP() << "no guests: clang++ and wasm-ld were not there at build time";
    std::string name = (fs::temp_directory_path() / "doppel-replay-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  void TearDown() override {
    if (!root_.empty()) fs::remove_all(root_);
  }

  // Messages of many twins, a function that keeps state, windows of several minutes; killed without a commit of the second half.
  void live_run() {
    Node node(root_, "live.db");
    const auto random_borders = [random = std::mt19937_64(1)](std::size_t at_hand) mutable { return 1 + random() % at_hand; };
    LaneOptions options;
    options.choose_border = random_borders;
    node.start(options);
    prepare(node);
    for (int i = 0; i < kMessages; ++i) {
      append_message(node, i);
      if (i % 97 == 0) node.run();
      if (i == kMessages / 4) {
        ASSERT_TRUE(node.lane->commit_now());
      }
      if (i == kMessages / 2) node.kill(), node.start(options);
    }
    node.run();
    live_tables_ = node.tables();
    live_ = node.lane->applied();
    events_ = node.pipeline->counts().events;
    node.kill();
  }

  std::string module_;
  fs::path root_;
  Tables live_tables_;
  Checkpoint live_;
  std::uint64_t events_ = 0;

 private:
  void prepare(Node& node) {
    PipelineConfig config;
    config.edge = "north";
    const std::string text = to_json(config);
    node.append({.kind = RecordKind::configuration, .payload = text});
    Activation activation;
    activation.manifest = file_content(std::string(DOPPEL_SOURCE_DIR) + "/functions/examples/running_statistics/function.toml");
    activation.module_sha256 = node.blobs->put(module_).value();
    std::string payload;
    encode(activation, payload);
    node.append({.kind = RecordKind::activation, .topic = "running_statistics", .payload = payload});
  }

  void append_message(Node& node, int number) {
    const std::string topic = "plant/device" + std::to_string(random_() % kTwins);
    const std::string payload = "{\"value\":" + std::to_string(static_cast<double>(random_() % 100'000) / 7) +
                                ",\"ts\":" + std::to_string(1'767'225'600 + number / 20) + "}";
    Delivery delivery;
    delivery.qos = 1;
    delivery.packet_id = static_cast<std::uint16_t>(1 + number % 60'000);
    delivery.session = 1;
    node.append({.kind = RecordKind::message, .delivery = delivery, .topic = topic, .payload = payload});
  }

  std::mt19937_64 random_{7};
};

// The records of the journal under `root`, without marks and the beginning of its incarnation, which a lane appends itself.
void append_records_of(const fs::path& root, Node& to) {
  const auto disk = std::move(open_system_disk(root.string())).value();
  const auto reader = std::move(open_journal_readonly(*disk, "journal", Position::none)).value();
  for (std::vector<Record> records;; records.clear()) {
    ASSERT_TRUE(reader->read(1000, JournalReader::Views::free_earlier, records));
    if (records.empty()) return;
    for (const Record& record : records) {
      if (is_bookkeeping(record.kind) || record.kind == RecordKind::incarnation) continue;
      to.append({record.kind, record.delivery, record.headers, record.topic, record.payload});
    }
  }
}

TEST_F(ReplayTest, Rule8_a_replay_into_an_empty_store_gives_the_same_bytes_and_the_same_effects) {
  live_run();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(events_, static_cast<std::uint64_t>(kMessages));
  Node again(root_, "again.db");
  again.start();
  EXPECT_EQ(again.lane->applied(), live_) << "the running hash over all outbox rows, among others";
  EXPECT_EQ(again.lane->replayed_versions(), std::set<std::string>{again.pipeline->version()});
  EXPECT_NE(again.pipeline->version().find("wasmtime "), std::string::npos);
  const Tables tables = again.tables();
  ASSERT_EQ(tables.size(), live_tables_.size());
  for (const auto& [name, rows] : live_tables_) EXPECT_EQ(tables.at(name), rows) << name;
  EXPECT_GT(live_tables_.at(std::string(Windows::kTable)).size(), 5u);
  EXPECT_GE(live_tables_.at(std::string(FunctionSet::kStateTable)).size(), static_cast<std::size_t>(kTwins));
}

TEST_F(ReplayTest, Rule12_other_batch_borders_give_the_same_twins) {
  live_run();
  ASSERT_FALSE(HasFatalFailure());
  for (const std::uint64_t seed : {2u, 3u}) {
    const fs::path copy = root_ / ("copy" + std::to_string(seed));
    fs::create_directories(copy);
    fs::copy(root_ / "blobs", copy / "blobs");
    Node other(copy, "other.db");
    LaneOptions options;
    options.choose_border = [random = std::mt19937_64(seed)](std::size_t at_hand) mutable { return 1 + random() % at_hand; };
    other.start(options);
    append_records_of(root_, other);
    other.run();
    const Tables tables = other.tables();
    for (const auto table : {TwinTable::kTable, FunctionSet::kStateTable, NameTable::kTable}) {
      EXPECT_EQ(tables.at(std::string(table)), live_tables_.at(std::string(table))) << table;
    }
    other.kill();
  }
}

}  // namespace
}  // namespace doppel

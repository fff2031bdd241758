#include "edge_runtime/programs/replay.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <random>

#include "coordinator/merge_fold.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "edge_runtime/programs/data_folder.h"
#include "edge_runtime/programs/endpoint.h"
#include "edge_runtime/programs/output.h"
#include "edge_runtime/programs/replay_view.h"
#include "edge_runtime/wasm/wasm_engine.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/lane/lane.h"
#include "twin_store/lane/snapshots.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;
constexpr std::array<const char*, 2> kStoreFiles{kStoreFile, "twin.db-wal"};

// A folder that goes when the replay does.
class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> make(const fs::path& data) {
    std::string name = (data / "replay-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) return unavailable(name + ": cannot be made");
    return std::unique_ptr<Scratch>(new Scratch(name));
  }
  ~Scratch() {
    std::error_code ignored;  // what stays is named so that a person knows what it is
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<void> copy_to(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::copy_file(from, to, failed);
  if (failed) return unavailable(from.string() + ": cannot be copied: " + failed.message());
  return {};
}

// A fold goes on without a function whose module it cannot load. That makes a replay worthless, which this remembers.
class RememberingLoader final : public RunnerLoader {
 public:
  explicit RememberingLoader(RunnerLoader& loader) : loader_(loader) {}
  Result<std::unique_ptr<Runner>> load(const std::string& module_sha256, const Manifest& manifest) override {
    auto runner = loader_.load(module_sha256, manifest);
    if (!runner && !failure_) failure_ = Error{runner.error().code, "the module of function " + manifest.name.text() + " cannot be loaded: " + runner.error().message};
    return runner;
  }
  std::string version() const override { return loader_.version(); }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  RunnerLoader& loader_;
  std::optional<Error> failure_;
};

// The fold of a role, with what it needs.
struct FoldParts {
  std::unique_ptr<Disk> disk;  // the node's
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<WasmEngine> engine;
  std::unique_ptr<RememberingLoader> loader;  // of an edge
  std::unique_ptr<Fold> fold;
};

Result<FoldParts> make_fold(const NodeReplayOptions& options, const fs::path& scratch) {
  FoldParts parts;
  auto disk = open_system_disk(options.data);
  if (!disk) return disk.error();
  parts.disk = *std::move(disk);
  if (options.role == Role::coordinator) {
    parts.fold = std::make_unique<MergeFold>();
    return parts;
  }
  auto blobs = BlobStore::open(*parts.disk, "blobs");
  if (!blobs) return blobs.error();
  parts.blobs = *std::move(blobs);
  WasmOptions wasm;
  wasm.cache_folder = scratch / "native";
  auto engine = WasmEngine::open(wasm, *parts.blobs);
  if (!engine) return engine.error();
  parts.engine = *std::move(engine);
  parts.loader = std::make_unique<RememberingLoader>(*parts.engine);
  parts.fold = std::make_unique<Pipeline>(*parts.loader);
  return parts;
}

Result<std::unique_ptr<Store>> open_copy(const fs::path& path, const Fold& fold, bool is_new) {
  if (!is_new && !fs::exists(path)) return not_found(path.string() + ": there is no store");
  StoreOptions options{.path = path.string(), .fold_tables = {}, .program = "doppel journal replay", .hooks = nullptr};
  for (const std::string_view table : fold.tables()) options.fold_tables.emplace_back(table);
  return open_store(options);
}

// Runs the journal into `store`, up to where the node's own store had come.
class Replaying {
 public:
  Replaying(const NodeReplayOptions& options, Fold& fold, Store& store, Log& log)
      : options_(options), fold_(fold), store_(store), log_(log), random_(options.border_seed.value_or(0)) {}

  Result<void> run(Disk& disk, const fs::path& scratch, const Checkpoint& target) {
    const auto borders = options_.border_seed ? Borders::new_ones : Borders::as_journaled;
    const auto begins = store_.checkpoint();
    if (!begins) return begins.error();
    auto view = ReplayView::open(disk, kJournalFolder, borders, *begins ? (*begins)->position : Position::none);
    if (!view) return view.error();
    auto scratch_disk = open_system_disk(scratch.string());
    if (!scratch_disk) return scratch_disk.error();
    auto delivery_log = DeliveryLog::open(**scratch_disk, "delivery");
    if (!delivery_log) return delivery_log.error();
    Outbox outbox(**delivery_log, {}, log_);
    DirectCommitter committer(**view, store_, outbox);
    LaneOptions lane_options;
    if (options_.border_seed) lane_options.choose_border = [this](std::size_t at_hand) { return 1 + random_() % at_hand; };
    Lane lane({fold_, **view, store_, outbox, committer, clock_, log_}, lane_options);
    auto done = options_.border_seed ? run_with_new_borders(**view, lane, target) : run_as_journaled(**view, lane, target);
    if (!done) return done;
    counts_ = lane.counts();
    versions_ = lane.replayed_versions();
    applied_ = lane.applied();
    return lane.commit_now();
  }

  const LaneCounts& counts() const { return counts_; }
  const std::set<std::string>& versions() const { return versions_; }
  const Checkpoint& applied() const { return applied_; }

 private:
  Result<void> run_as_journaled(ReplayView& view, Lane& lane, const Checkpoint& target) {
    view.show_up_to(std::max(target.mark, target.position));
    return lane.recover(clean_, {});
  }

  // Without marks, every record is as good as just appended.
  Result<void> run_with_new_borders(ReplayView& view, Lane& lane, const Checkpoint& target) {
    if (view.first() > Position{1}) return not_found("the beginning of the journal is no longer kept: new borders need all of it");
    view.show_up_to(target.position);
    if (auto loaded = lane.recover(clean_, {}); !loaded) return loaded;
    for (;;) {
      const auto more = lane.step();
      if (!more) return more.error();
      if (!*more) return {};
    }
  }

  const NodeReplayOptions& options_;
  Fold& fold_;
  Store& store_;
  Log& log_;
  ManualClock clock_{Timestamp()};  // nothing is ever due but what the journal says
  JournalRecovery clean_{.ending = JournalRecovery::Ending::clean, .last = {}, .last_arrival = {}, .torn_bytes = 0, .corrupt = {}};
  std::mt19937_64 random_;
  LaneCounts counts_;
  std::set<std::string> versions_;
  Checkpoint applied_;
};

// A copy of where the replay begins: the base of the epoch, which the first has not, or the newest snapshot where retention has cut
// what follows the base.
Result<std::unique_ptr<Store>> open_base(const FoldParts& parts, const fs::path& data, const fs::path& copy, Epoch epoch, const Clock& clock) {
  const auto snapshots = Snapshots::open(*parts.disk, clock, {.folder = kSnapshotFolder, .path = {}});
  if (!snapshots) return snapshots.error();
  std::vector<std::string> bases{epoch == Epoch::first ? "" : base_name(epoch)};
  if (snapshots->newest() != Position::none) bases.push_back(snapshot_name(snapshots->newest()));
  Error why = not_found("");
  for (const auto& base : bases) {
    std::error_code absent;
    fs::remove(copy, absent);
    if (!base.empty()) {
      if (auto copied = copy_to(data / kSnapshotFolder / base, copy); !copied) return copied.error();
    }
    auto store = open_copy(copy, *parts.fold, true);
    if (!store) return store;
    const auto begins = (*store)->checkpoint();
    if (!begins) return begins.error();
    const auto reader = open_journal_readonly(*parts.disk, kJournalFolder, *begins ? (*begins)->position : Position::none);
    if (reader) return store;
    why = reader.error();
  }
  return why;
}

using Rows = std::map<std::string, std::string, std::less<>>;

Result<Rows> rows_of(const Store& store, std::string_view table) {
  Rows rows;
  const auto read = store.for_each(table, [&](std::string_view key, std::string_view value) { rows.emplace(key, value); });
  if (!read) return read.error();
  return rows;
}

Result<ReplayReport::TableReport> compare(const Store& store, const Store& replay, std::string_view table) {
  const auto wanted = rows_of(store, table);
  if (!wanted) return wanted.error();
  const auto found = rows_of(replay, table);
  if (!found) return found.error();
  ReplayReport::TableReport report{.name = std::string(table), .rows = wanted->size(), .differ = 0, .first_key = {}, .hash = 0};
  const auto differs = [&](const std::string& key) {
    if (report.differ++ == 0) report.first_key = printable(key);
  };
  for (const auto& [key, value] : *wanted) {
    const auto same = found->find(key);
    if (same == found->end() || same->second != value) differs(key);
  }
  for (const auto& [key, value] : *found) {
    report.hash = hash64(value, hash64(key, report.hash));
    if (!wanted->contains(key)) differs(key);
  }
  return report;
}

}  // namespace

bool ReplayReport::same_tables() const {
  return std::all_of(tables.begin(), tables.end(), [](const TableReport& table) { return table.differ == 0; });
}

Result<ReplayReport> replay_journal(const NodeReplayOptions& options, Log& log) {
  if (const auto running = read_endpoint(options.data)) {
    return conflict("the node " + running->name + " runs on " + options.data + " (process " + std::to_string(running->pid) +
                    "): stop it first");
  }
  const fs::path data(options.data);
  if (!fs::exists(data / kStoreFile)) return not_found(options.data + ": there is no " + kStoreFile);
  const auto scratch = Scratch::make(data);
  if (!scratch) return scratch.error();
  const fs::path original = (*scratch)->path() / "original";
  const fs::path again = options.into.empty() ? (*scratch)->path() / "again" : fs::path(options.into);
  for (const auto& folder : {original, again}) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) return unavailable(folder.string() + ": cannot be made: " + failed.message());
  }
  if (!fs::is_empty(again)) return invalid_input(again.string() + ": not an empty folder");
  for (const char* file : kStoreFiles) {
    if (!fs::exists(data / file)) continue;
    if (auto copied = copy_to(data / file, original / file); !copied) return copied.error();
  }
  auto parts = make_fold(options, (*scratch)->path());
  if (!parts) return parts.error();
  const auto store = open_copy(original / kStoreFile, *parts->fold, false);
  if (!store) return store.error();
  const auto target = (*store)->checkpoint();
  if (!target) return target.error();
  if (!*target) return not_found("the store is empty");
  const SystemClock clock;
  const auto replay = open_base(*parts, data, again / kStoreFile, (*target)->epoch, clock);
  if (!replay) return replay.error();
  const Duration began = clock.monotonic();
  Replaying replaying(options, *parts->fold, **replay, log);
  const auto done = replaying.run(*parts->disk, again, **target);
  if (parts->loader != nullptr && parts->loader->failure()) return *parts->loader->failure();
  if (!done) return done.error();
  ReplayReport report;
  report.records = replaying.counts().records;
  report.batches = replaying.counts().batches;
  report.seconds = std::chrono::duration<double>(clock.monotonic() - began).count();
  report.fold_version = parts->fold->version();
  report.journaled_versions = replaying.versions();
  report.of_store = **target;
  report.of_replay = replaying.applied();
  for (const std::string_view table : parts->fold->tables()) {
    auto compared = compare(**store, **replay, table);
    if (!compared) return compared.error();
    report.tables.push_back(*std::move(compared));
  }
  return report;
}

}  // namespace doppel

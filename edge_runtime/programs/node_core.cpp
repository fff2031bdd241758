#include "edge_runtime/programs/node_core.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "coordinator/desired_state.h"
#include "edge_runtime/pipeline/function_set.h"
#include "edge_runtime/programs/endpoint.h"

namespace doppel {
namespace {

constexpr int kTemporaryFailure = 75;  // EX_TEMPFAIL of sysexits.h

JournalOptions journal_options(const NodeConfig& config) {
  JournalOptions options;
  options.sync = config.journal.sync;
  options.sync_interval = std::chrono::duration_cast<std::chrono::milliseconds>(config.journal.sync_interval);
  options.segment_bytes = config.journal.segment_bytes;
  options.budget_bytes = config.journal.budget_bytes;
  options.keep = config.journal.keep;
  options.boot_id = boot_id();
  options.program = program_name();
  return options;
}

std::string_view to_string(JournalRecovery::Ending ending) {
  switch (ending) {
    case JournalRecovery::Ending::fresh: return "fresh";
    case JournalRecovery::Ending::clean: return "clean stop";
    case JournalRecovery::Ending::process_died: return "the process died";
    case JournalRecovery::Ending::tail_may_be_lost: return "the machine stopped";
  }
  return "unknown";
}

}  // namespace

std::string program_version() { return DOPPEL_VERSION; }

std::string program_name() { return "doppel " + program_version(); }

Incarnation random_incarnation() {
  Incarnation incarnation;
  randombytes_buf(incarnation.bytes.data(), incarnation.bytes.size());
  return incarnation;
}

void fail_stop(Log& log, const std::string& reason) {
  log.error("fail_stop", {{"reason", reason}, {"exit", std::to_string(kTemporaryFailure)}});
  std::_Exit(kTemporaryFailure);
}

Result<std::unique_ptr<NodeCore>> NodeCore::open(const NodeConfig& config, Role role, Log& log) {
  if (sodium_init() < 0) return internal_error("libsodium cannot start: no source of randomness");
  std::unique_ptr<NodeCore> core(new NodeCore(config.data, log));
  if (auto opened = core->open_files(config, role); !opened) return opened.error();
  return core;
}

// What one role journals, the other would take for its own.
Result<void> NodeCore::check_role(Role role) {
  auto file = disk_->open("role", Disk::Mode::open_or_create);
  if (!file) return file.error();
  const std::string own(to_string(role));
  std::array<char, 16> text{};
  const auto size = (*file)->read_at(0, text.data(), text.size());
  if (!size) return size.error();
  const std::string_view found(text.data(), *size);
  if (found == own) return {};
  if (!found.empty()) {
    return conflict(data_ + " holds the data of an " + std::string(found) + "; give this " + own + " another folder (--data) or name (--name)");
  }
  if (auto written = (*file)->write_at(0, own); !written) return written;
  return (*file)->sync();
}

// Where another node runs on the folder, the journal knows what is wrong, and this what to do.
Error NodeCore::with_a_way_out(const Error& error) const {
  const bool is_in_use = error.code == ErrorCode::conflict && read_endpoint(data_);
  return is_in_use ? conflict(error.message + "; another node needs a --name or --data of its own") : error;
}

Result<void> NodeCore::open_files(const NodeConfig& config, Role role) {
  auto disk = open_system_disk(data_);
  if (!disk) return disk.error();
  disk_ = std::move(*disk);
  if (auto checked = check_role(role); !checked) return checked;
  auto blobs = BlobStore::open(*disk_, "blobs");
  if (!blobs) return blobs.error();
  blobs_ = std::move(*blobs);
  WasmOptions wasm;
  wasm.cache_folder = data_ + "/native";
  auto engine = WasmEngine::open(wasm, *blobs_);
  if (!engine) return engine.error();
  engine_ = std::move(*engine);
  auto opened = open_journal(*disk_, kJournalFolder, clock_, journal_options(config));
  if (!opened) return with_a_way_out(opened.error());
  opened_ = std::move(*opened);
  journal_ = opened_.journal.get();
  const std::string naming(role == Role::edge ? FunctionSet::kTable : DesiredState::kTable);
  blob_keeper_ = std::make_unique<BlobKeeper>(*blobs_, *journal_, BlobKeeper::Places{store_path(), data_ + "/" + kSnapshotFolder, naming});
  if (auto made = disk_->make_folder(kSnapshotFolder); !made) return made;
  lane_options_.commit_interval = std::chrono::duration_cast<std::chrono::milliseconds>(config.store.commit_interval);
  lane_options_.commit_bytes = config.store.commit_bytes;
  lane_options_.snapshot_folder = data_ + "/" + kSnapshotFolder;
  snapshot_options_.folder = kSnapshotFolder;
  snapshot_options_.path = lane_options_.snapshot_folder;
  snapshot_options_.interval = config.store.snapshot_interval;
  snapshot_options_.journal_bytes = config.journal.budget_bytes / 2;
  return {};
}

Result<void> NodeCore::recover(Fold& fold, const OutboxOptions& outbox) {
  for (const auto table : fold.tables()) tables_.emplace_back(table);
  std::optional<Restored> restored;
  auto store = open_or_restore(*disk_, {.path = store_path(), .fold_tables = tables_, .program = program_name(), .hooks = &store_io_},
                               snapshot_options_, *journal_, restored);
  if (!store) return store.error();
  store_ = std::move(*store);
  if (restored) {
    log_.error("store_restored", {{"why", restored->why}, {"set_aside", restored->set_aside}, {"from", restored->from.empty() ? "the journal" : restored->from}});
  }
  auto snapshots = Snapshots::open(*disk_, clock_, snapshot_options_);
  if (!snapshots) return snapshots.error();
  snapshots_ = std::move(*snapshots);
  auto delivery_log = DeliveryLog::open(*disk_, "delivery");
  if (!delivery_log) return delivery_log.error();
  delivery_log_ = std::move(*delivery_log);
  outbox_ = std::make_unique<Outbox>(*delivery_log_, outbox, log_);
  // By reference: stop() takes journal_ away while the last commit may still be on its thread.
  committer_ = std::make_unique<ThreadedCommitter>(*journal_, *store_, *outbox_, &*snapshots_, [&journal = *journal_] { journal.wake(); });
  lane_ = std::make_unique<Lane>(LaneParts{fold, *journal_, *store_, *outbox_, *committer_, clock_, log_}, lane_options_);
  if (auto recovered = lane_->recover(opened_.recovery, random_incarnation()); !recovered) return recovered;
  tell_recovery();
  return {};
}

void NodeCore::tell_recovery() const {
  const auto& found = opened_.recovery;
  for (const auto& range : found.corrupt) {
    log_.error("journal_corrupt", {{"file", range.file},
                                   {"first_offset", std::to_string(range.first_offset)},
                                   {"last_offset", std::to_string(range.last_offset)},
                                   {"after_position", std::to_string(to_number(range.before))},
                                   {"before_position", std::to_string(to_number(range.after))}});
  }
  log_.info("recovered", {{"ending", std::string(to_string(found.ending))},
                          {"last_position", std::to_string(to_number(found.last))},
                          {"replayed", std::to_string(lane_->counts().replayed)},
                          {"torn_bytes", std::to_string(found.torn_bytes)},
                          {"epoch", std::to_string(to_number(lane_->applied().epoch))},
                          {"incarnation", to_hex(lane_->applied().incarnation)}});
}

void NodeCore::start(std::function<void()> after_batch) {
  after_batch_ = std::move(after_batch);
  const auto after = [this] {
    call_waiters();
    after_batch_();
  };
  const auto stop_now = [this](const Error& error) { fail_stop(log_, error.message); };
  pulse_.beat();
  lane_thread_ = std::make_unique<LaneThread>(*lane_, *journal_, *outbox_, LaneThread::Hooks{after, stop_now});
}

// An answer that does not come, because too many wait for one, is a silence like any other.
void NodeCore::ask_lane(std::function<void()> then) {
  static_cast<void>(post([this, then = std::move(then)](Lane&) {
    pulse_.beat();
    then();
  }));
}

Result<void> NodeCore::readiness() const {
  if (auto healthy = health(); !healthy) return healthy;
  return opened_.journal->takes_messages();
}

bool NodeCore::when_applied(Position position, std::function<void()> then) {
  return post([this, position, then = std::move(then)](Lane& lane) {
    if (lane.applied().position >= position) return then();
    waiters_.push_back({position, then});
  });
}

void NodeCore::sweep_blobs() {
  const auto gone = blob_keeper_->sweep();
  if (!gone) return log_.warning("blobs_not_swept", {{"why", gone.error().message}});
  for (const auto& sha256 : *gone) engine_->forget(sha256);
}

void NodeCore::call_waiters() {
  const Position applied = lane_->applied().position;
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (waiter.position > applied) return false;
    waiter.then();
    return true;
  });
}

Result<void> NodeCore::stop() {
  lane_thread_.reset();
  if (journal_ == nullptr) return {};
  Journal& journal = *std::exchange(journal_, nullptr);
  return journal.close();
}

NodeCore::~NodeCore() { static_cast<void>(stop()); }

}  // namespace doppel

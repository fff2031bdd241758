// What both roles run on: a data folder with its journal, store, outbox and blobs, the lane that folds one into the other, and the
// engine that knows what a module is.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge_runtime/config/setting_table.h"
#include "edge_runtime/config/settings.h"
#include "edge_runtime/programs/blob_keeper.h"
#include "edge_runtime/programs/data_folder.h"
#include "edge_runtime/programs/lane_pulse.h"
#include "edge_runtime/wasm/wasm_engine.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/journal/journal.h"
#include "twin_store/lane/lane_thread.h"
#include "twin_store/model/log.h"
#include "twin_store/store/file_hooks.h"

namespace doppel {

std::string program_version();  // "0.1.0"
std::string program_name();     // "doppel 0.1.0": who wrote a file

// Says why in the log, then ends the process at once with exit status 75 (EX_TEMPFAIL): what was not acknowledged comes again.
[[noreturn]] void fail_stop(Log& log, const std::string& reason);

Incarnation random_incarnation();

// The answer to a question that the lane's thread has no room for.
inline Error lane_is_busy() { return unavailable("the lane is busy: try again"); }

// What a client hears of an append that failed: a full journal has room again when it is cut.
inline Error not_journaled(const Error& error) { return error.code == ErrorCode::limit_exceeded ? unavailable(error.message) : error; }

// Members in start order; destruction stops them in reverse.
class NodeCore {
 public:
  // Opens everything under config.data. Errors name the file; conflict: the folder is one of the other role's.
  static Result<std::unique_ptr<NodeCore>> open(const NodeConfig& config, Role role, Log& log);
  ~NodeCore();

  // Everything that was accepted before is applied when it returns. `fold` is borrowed for the life of the node.
  Result<void> recover(Fold& fold, const OutboxOptions& outbox);
  // Starts the lane's thread. `after_batch` runs on it.
  void start(std::function<void()> after_batch);
  // Commits what is applied, and writes the journal's end record. The destructor does it too, but cannot say what failed.
  Result<void> stop();

  Disk& disk() { return *disk_; }
  Journal& journal() { return *journal_; }
  Outbox& outbox() { return *outbox_; }
  BlobStore& blobs() { return *blobs_; }
  BlobKeeper& blob_keeper() { return *blob_keeper_; }
  WasmEngine& engine() { return *engine_; }
  Lane& lane() { return *lane_; }  // before start(), or on its thread
  const Clock& clock() const { return clock_; }
  const CountingHooks& store_io() const { return store_io_; }
  std::string store_path() const { return data_ + "/" + kStoreFile; }

  // Runs on the lane's thread, between batches; see LaneThread::post.
  bool post(std::function<void(Lane&)> question) { return lane_thread_->post(std::move(question)); }
  // Removes blobs that nothing refers to, and their native code. Takes its time: not on a thread that must answer.
  void sweep_blobs();
  // Asks the lane for a sign of life; `then` runs on its thread, between batches.
  void ask_lane(std::function<void()> then);
  // Errors: unavailable, with why the process should be started again, or why it is not to be sent anything. Thread: any, after start().
  Result<void> health() const { return pulse_.check(); }
  Result<void> readiness() const;

  // Until a commit that is under way has reached the store. Not on the lane's thread.
  Result<void> wait_until_committed() { return committer_->wait_until_idle(); }

  // Runs on the lane's thread once the record at `position` is applied. Thread: any. False: as of post().
  bool when_applied(Position position, std::function<void()> then);

 private:
  struct Waiter {
    Position position;
    std::function<void()> then;
  };
  NodeCore(std::string data, Log& log) : data_(std::move(data)), log_(log) {}
  Error with_a_way_out(const Error& error) const;
  Result<void> open_files(const NodeConfig& config, Role role);
  Result<void> check_role(Role role);
  void tell_recovery() const;
  void call_waiters();

  const std::string data_;
  Log& log_;
  SystemClock clock_;
  LanePulse pulse_{clock_};
  CountingHooks store_io_;
  LaneOptions lane_options_;
  SnapshotOptions snapshot_options_;
  std::vector<std::string> tables_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<WasmEngine> engine_;
  OpenedJournal opened_;
  Journal* journal_ = nullptr;
  std::unique_ptr<BlobKeeper> blob_keeper_;
  std::unique_ptr<DeliveryLog> delivery_log_;
  std::unique_ptr<Store> store_;
  std::optional<Snapshots> snapshots_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<ThreadedCommitter> committer_;
  std::unique_ptr<Lane> lane_;
  std::function<void()> after_batch_;
  std::vector<Waiter> waiters_;  // the lane's thread alone
  std::unique_ptr<LaneThread> lane_thread_;
};

}  // namespace doppel

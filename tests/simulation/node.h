// A machine with a disk and clocks, and the processes that run on it one after another. Stands where NodeCore and the threads of a
// running node are: the same parts in the same order, with events of the world in place of threads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/ledger.h"
#include "tests/simulation/mutations.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_vfs.h"
#include "tests/simulation/watched.h"
#include "tests/simulation/world.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/journal/journal.h"
#include "twin_store/lane/lane.h"

namespace doppel::simulation {

// Unwinds what a process is doing at its end: where a real one calls _Exit.
struct ProcessEnded {};

struct NodeOptions {
  std::string name;
  Timestamp start;
  JournalOptions journal;
  LaneOptions lane;
  OutboxOptions outbox;
  Mutation mutation = Mutation::none;
};

class Node {
 public:
  Node(World& world, NodeOptions options);
  virtual ~Node();

  // Faults. A process that dies is followed by another one some time later.
  void kill();
  void kill_within(std::uint64_t operations);  // of its disk
  void cut_power();
  void stop_cleanly();
  void fail_disk(std::uint64_t operations, int error_number, Duration how_long);
  void fill_disk(Duration how_long);
  void stall_lane(Duration how_long) { stalled_until_ = world_.now() + how_long; }
  void step_clock(Duration by) { clock_.step_wall(by); }
  void replace_disk();
  void copy_disk();     // the whole card, as it is at this instant
  bool restore_disk();  // the last copy takes the place of what has become of it; false: there is none
  // From the next process on.
  void upgrade(std::string fold_version) { fold_version_ = std::move(fold_version); }
  void set(NodeOptions options) { wanted_options_ = std::move(options); }

  void boot();                 // the first process
  void stay_up() { holds_ = false; }
  bool is_up() const { return process_ != nullptr && !dead_ && is_running_; }
  const std::string& name() const { return options_.name; }
  const NodeOptions& options() const { return options_; }
  const Ledger& ledger() const { return ledger_; }
  // What went with disks that were replaced or set back. A body of state may begin with records of the one before.
  struct PastBody {
    Ledger ledger;
    Position next_from = Position::none;  // the body after it begins behind this position
  };
  const std::vector<PastBody>& past() const { return past_; }
  SimDisk& disk() { return disk_; }
  const NodeClock& clock() const { return clock_; }
  std::uint64_t lawfully_lost() const { return lawfully_lost_; }
  std::uint64_t processes() const { return life_; }

  // Members in start order, as of NodeCore.
  struct Process {
    std::unique_ptr<BlobStore> blobs;
    std::unique_ptr<Journal> journal;  // with what decorates it
    Journal* honest_journal = nullptr; // without its mutation
    JournalRecovery found;
    std::uint64_t journal_at_start = 0;  // bytes
    bool was_checked = false;  // what the journal holds against what was accepted: only then its word counts
    std::unique_ptr<DeliveryLog> delivery_log;
    std::unique_ptr<Store> store;
    std::unique_ptr<Outbox> outbox;
    std::unique_ptr<Committer> committer;
    std::unique_ptr<Fold> mutant, fold;  // decorators of the role's
    std::unique_ptr<Lane> lane;
  };

 protected:

  // The role's part of a process. make_fold() before recovery; start() after it; end() destroys what make_fold and start made.
  virtual Fold& make_fold() = 0;
  virtual Result<void> start() = 0;
  virtual void after_batch() = 0;
  virtual void stop_sources() = 0;
  virtual void end() = 0;

  Process& process() { return *process_; }
  World& world() { return world_; }
  Random& random() { return world_.random(); }
  Log& log() { return log_; }
  // Of this process: nothing happens once it has died.
  void later(Duration delay, std::function<void()> event);
  void run(const std::function<void()>& work);  // now, as the process: it may end within
  void post(std::function<void()> question);     // on the lane, between batches
  void wake_lane(Duration delay);
  [[noreturn]] void fail_stop(const std::string& reason);
  // Others go on while this one sleeps.
  void sleep(Duration how_long);
  Incarnation fresh_incarnation();

 private:
  class EventCommitter;
  enum class Next : std::uint8_t { restart, power_on, old_disk, new_disk };
  struct Copy {
    SimDisk::Image disk;
    Ledger ledger;
    Position last = Position::none, committed = Position::none;
  };

  void die(Next next, const std::string& why);
  void begin_process(std::uint64_t life);
  Result<void> open_and_recover();
  Result<void> check_recovery();
  void take_turn(std::uint64_t number);
  void answer_questions();
  void take_old_disk();
  void take_new_disk();
  void heard(LogLevel level, const std::string& event, const std::string& fields);

  World& world_;
  NodeOptions options_, wanted_options_;
  SimDisk disk_;
  SimVfs vfs_;
  NodeClock clock_;
  WatchedLog log_;
  Ledger ledger_;
  std::optional<Copy> copy_;
  std::vector<PastBody> past_;
  std::string fold_version_;
  std::uint64_t boots_ = 1, life_ = 0, incarnations_ = 0;
  std::uint64_t busy_ = 0;  // frames of the process on the stack
  bool dead_ = true, is_running_ = false, holds_ = true;
  Next next_ = Next::restart;
  Ending ending_;
  Position committed_ = Position::none;
  std::uint64_t lawfully_lost_ = 0;

  std::deque<std::function<void()>> questions_;
  std::uint64_t turn_ = 0;  // number of the next turn of the lane; others are out of date
  Duration turn_at_ = Duration::max(), stalled_until_{0};
  std::unique_ptr<Process> process_;
};

}  // namespace doppel::simulation

#include "tests/simulation/node.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/bounds.h"
#include "twin_store/lane/lane_thread.h"
#include "twin_store/model/hash.h"

namespace doppel::simulation {
namespace {

constexpr Duration kMillisecond = std::chrono::milliseconds(1);
constexpr Duration kRestart = std::chrono::milliseconds(200);

Duration some(Random& random, Duration most) { return Duration(random.between(0, most.count())); }

// What the design says of a journal that takes no more.
bool is_lawful_end(const std::string& reason) { return reason.find(" is full: budget_bytes") != std::string::npos; }

}  // namespace

// Commits some time after it was asked to, as a thread of its own would.
class Node::EventCommitter final : public Committer {
 public:
  explicit EventCommitter(Node& node) : node_(node) {}
  void begin(Position held) override { keep_journal_for(held, *node_.process_->journal, nullptr); }
  Result<bool> is_busy() const override { return failure_ ? Result<bool>(*failure_) : job_.has_value(); }
  Result<void> submit(CommitJob job) override {
    if (failure_) return *failure_;
    job_ = std::move(job);
    node_.later(some(node_.random(), 20 * kMillisecond), [this] {
      work();
      node_.wake_lane(Duration(0));
    });
    return {};
  }
  Result<void> wait_until_idle() override {
    work();
    return failure_ ? Result<void>(*failure_) : Result<void>();
  }

 private:
  void work() {
    if (!job_) return;
    auto& parts = node_.process();
    if (auto done = commit(*job_, *parts.journal, *parts.store, *parts.outbox); !done) failure_ = done.error();
    job_.reset();
  }

  Node& node_;
  std::optional<CommitJob> job_;
  std::optional<Error> failure_;
};

Node::Node(World& world, NodeOptions options)
    : world_(world),
      options_(options),
      wanted_options_(std::move(options)),
      disk_(world.random().split()),
      vfs_(disk_, world.random().split()),
      clock_(world, options_.start),
      log_([this](LogLevel level, const std::string& event, const std::string& fields) { heard(level, event, fields); }) {}

Node::~Node() {
  disk_.freeze();
  process_.reset();
}

void Node::boot() { begin_process(life_); }

void Node::stop_cleanly() {
  if (!is_up()) return;
  run([this] {
    stop_sources();
    answer_questions();
    auto stopped = process_->lane->commit_now();
    if (stopped) stopped = process_->journal->close();
    if (!stopped) fail_stop(stopped.error().message);
    die(Next::restart, "stopped cleanly");
  });
}

// Nothing is destroyed here: frames of the process may be on the stack.
void Node::die(Next next, const std::string& why) {
  next_ = std::max(next_, next);
  if (next != Next::restart) ending_.lost_power = true;
  if (dead_) return;
  world_.trace(name(), "dies:", why);
  dead_ = true;
  is_running_ = false;
  disk_.freeze();
  if (process_ != nullptr && process_->was_checked) {
    const bool never = options_.journal.sync == SyncPolicy::never;
    ending_.synced = std::max(ending_.synced, never ? committed_ : process_->honest_journal->last_synced());
  }
  const std::uint64_t life = ++life_;
  const Duration pause = holds_ ? kRestart + some(random(), std::chrono::seconds(random().percent(20) ? 30 : 2)) : kRestart;
  world_.after(pause, [this, life] { begin_process(life); });
}

void Node::begin_process(std::uint64_t life) {
  if (busy_ > 0) return world_.after(kMillisecond, [this, life] { begin_process(life); });
  if (process_ != nullptr) end();
  questions_.clear();
  process_.reset();
  vfs_.forget_shared_memory();
  turn_at_ = Duration::max();
  switch (std::exchange(next_, Next::restart)) {
    case Next::restart: disk_.begin_process(); break;
    case Next::power_on: disk_.cut_power(); break;
    case Next::old_disk: take_old_disk(); break;
    case Next::new_disk: take_new_disk(); break;
  }
  if (ending_.lost_power) {
    ++boots_;
    clock_.reboot();
  }
  ledger_.begin_process();
  options_ = wanted_options_;
  dead_ = false;
  world_.trace(name(), "process begins", life);
  run([this] {
    if (auto opened = open_and_recover(); !opened) fail_stop(opened.error().message);
    if (auto started = start(); !started) fail_stop(started.error().message);
    is_running_ = true;
    wake_lane(Duration(0));
  });
}

Result<void> Node::open_and_recover() {
  process_ = std::make_unique<Process>();
  auto& parts = *process_;
  auto blobs = BlobStore::open(disk_, "blobs");
  if (!blobs) return blobs.error();
  parts.blobs = std::move(*blobs);

  auto options = options_.journal;
  options.boot_id = "boot-" + std::to_string(boots_);
  options.program = "simulation";
  if (options_.mutation == Mutation::exceed_budget) options.budget_bytes *= 4;
  options.run_later = [this](Duration from_now, std::function<void()> work) { later(from_now, std::move(work)); };
  auto opened = open_journal(disk_, "journal", clock_, options);
  if (!opened) return opened.error();
  parts.found = std::move(opened->recovery);
  auto watched = std::make_unique<WatchedJournal>(std::move(opened->journal), ledger_, [this] { wake_lane(some(random(), kMillisecond)); });
  parts.honest_journal = watched.get();
  parts.journal_at_start = watched->size_bytes();
  parts.journal = mutated(options_.mutation, std::move(watched));
  if (auto checked = check_recovery(); !checked) return checked;

  Fold& fold = make_fold();
  parts.mutant = mutated(options_.mutation, fold);
  parts.fold = std::make_unique<WatchedFold>(parts.mutant ? *parts.mutant : fold, ledger_, fold_version_);
  auto store = open_store({.path = "twin.db",
                           .fold_tables = {fold.tables().begin(), fold.tables().end()},
                           .program = "simulation",
                           .hooks = nullptr,
                           .vfs = vfs_.name()});
  if (!store) return store.error();
  parts.store = mutated(options_.mutation, std::make_unique<WatchedStore>(std::move(*store), [this](Position position) {
    committed_ = std::max(committed_, position);
  }));
  auto delivery_log = DeliveryLog::open(disk_, "delivery");
  if (!delivery_log) return delivery_log.error();
  parts.delivery_log = std::move(*delivery_log);
  parts.outbox = std::make_unique<Outbox>(*parts.delivery_log, options_.outbox, log_);
  parts.committer = std::make_unique<EventCommitter>(*this);
  parts.lane = std::make_unique<Lane>(LaneParts{*parts.fold, *parts.journal, *parts.store, *parts.outbox, *parts.committer, clock_, log_}, options_.lane);
  if (auto recovered = parts.lane->recover(parts.found, fresh_incarnation()); !recovered) return recovered;
  parts.journal->on_synced([this](Position synced) { process_->outbox->release(synced); });
  parts.outbox->release(parts.journal->last_synced());
  return {};
}

// The journal's promise, before anything is built on it.
Result<void> Node::check_recovery() {
  ending_.left_corruption = !process_->found.corrupt.empty();
  if (ending_.left_corruption && !ending_.lost_power && !ledger_.had_corruption())
    throw Broken("a crash of the process corrupts nothing", process_->found.corrupt.front().file);
  const auto lost = ledger_.recovered(*process_->honest_journal, ending_, committed_);
  if (!lost) return lost.error();
  lawfully_lost_ += *lost;
  ending_ = {};
  process_->was_checked = true;
  world_.trace(name(), "recovered to", to_number(process_->journal->last()), "lost", *lost);
  return {};
}

void Node::later(Duration delay, std::function<void()> event) {
  world_.after(delay, [this, life = life_, event = std::move(event)] {
    if (life == life_ && !dead_) run(event);
  });
}

void Node::run(const std::function<void()>& work) {
  ++busy_;
  try {
    work();
  } catch (const ProcessEnded&) {
  }
  --busy_;
}

void Node::post(std::function<void()> question) {
  questions_.push_back(std::move(question));
  wake_lane(Duration(0));
}

void Node::wake_lane(Duration delay) {
  const Duration at = world_.now() + delay;
  if (dead_ || at >= turn_at_) return;
  turn_at_ = at;
  later(delay, [this, number = ++turn_] { take_turn(number); });
}

void Node::answer_questions() {
  for (auto questions = std::exchange(questions_, {}); !questions.empty(); questions.pop_front()) questions.front()();
}

void Node::take_turn(std::uint64_t number) {
  if (number != turn_ || !is_running_) return;
  turn_at_ = Duration::max();
  if (world_.now() < stalled_until_) return wake_lane(stalled_until_ - world_.now());
  answer_questions();
  auto& parts = *process_;
  const auto ran = doppel::take_turn(*parts.lane, *parts.journal, *parts.outbox, [this] { after_batch(); });
  check_node_bounds(options_, *parts.honest_journal, parts.journal_at_start, *parts.outbox);
  if (!ran) fail_stop(ran.error().message);
  if (*ran) return wake_lane(some(random(), kMillisecond));
  if (const auto wake = parts.lane->next_wake()) wake_lane(std::max(clock_.to_world(*wake) - world_.now(), kMillisecond));
}

void Node::fail_stop(const std::string& reason) {
  const bool is_expected = disk_.is_frozen() || disk_.has_failed() || is_lawful_end(reason);
  if (!is_expected) throw Broken("a node runs while nothing is wrong", name() + " ended: " + reason);
  die(Next::restart, "exit 75: " + reason);
  throw ProcessEnded();
}

void Node::sleep(Duration how_long) {
  world_.run_until(world_.now() + how_long);
  if (dead_) throw ProcessEnded();
}

Incarnation Node::fresh_incarnation() {
  Incarnation fresh;
  for (auto& byte : fresh.bytes) byte = static_cast<std::uint8_t>(random().next());
  return fresh;
}

void Node::heard(LogLevel level, const std::string& event, const std::string& fields) {
  world_.trace(name(), level == LogLevel::error ? "ERROR" : "", event, fields);
  const bool differs = event == "replay_differs" || event == "replay_decides_anew";
  if (differs && !ledger_.had_corruption()) throw Broken("same journal, same state", event + " " + fields);
  const bool store_ahead = event == "journal_epoch_began" && fields.find("store is ahead") != std::string::npos;
  if (store_ahead) throw Broken("the store never gets ahead of the journal", fields);
}

}  // namespace doppel::simulation

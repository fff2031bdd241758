// The lane beside its sources, and commits beside the lane: real threads, no times.
#include <atomic>
#include <condition_variable>
#include <future>

#include "tests/unit/twin_store/lane/lane_on_disk.h"
#include "twin_store/lane/lane_thread.h"

namespace doppel {
namespace {

// A store whose commits wait until a test lets them go.
class HeldStore final : public Store {
 public:
  explicit HeldStore(Store& store) : store_(store) {}
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void let_go(std::optional<Error> failure = {}) {
    const std::lock_guard lock(mutex_);
    held_ = false;
    failure_ = std::move(failure);
    changed_.notify_all();
  }
  void wait_for_commit() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_waiting_; });
  }

  Result<void> for_each(std::string_view table, const RowVisitor& visit) const override { return store_.for_each(table, visit); }
  Result<std::optional<std::string>> find(std::string_view table, std::string_view key) const override { return store_.find(table, key); }
  Result<void> verify() const override { return store_.verify(); }
  Result<std::optional<Checkpoint>> checkpoint() const override { return store_.checkpoint(); }
  Result<void> commit(const Checkpoint& checkpoint, std::span<const RowChange> changes) override {
    std::unique_lock lock(mutex_);
    is_waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    is_waiting_ = false;
    if (failure_) return *failure_;
    return store_.commit(checkpoint, changes);
  }
  Result<void> snapshot_to(const std::string& path) override { return store_.snapshot_to(path); }
  Result<void> checkpoint_log() override { return store_.checkpoint_log(); }

 private:
  Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false, is_waiting_ = false;
  std::optional<Error> failure_;
};

// A node with a lane on a thread of its own, and a committer on another.
class ThreadedNode {
 public:
  explicit ThreadedNode(LaneOptions options) {
    base.journal_options.sync = SyncPolicy::interval;
    base.journal_options.sync_interval = std::chrono::milliseconds(1);
    base.runs_in_real_time = true;  // a thread that sleeps until a deadline needs a clock that moves
    base.start();
    base.journal->on_synced(nullptr);
    base.lane.reset();
    base.committer.reset();
    base.fold = std::make_unique<RecordingFold>();
    held = std::make_unique<HeldStore>(*base.store);
    base.outbox = std::make_unique<Outbox>(*base.delivery_log, OutboxOptions{}, base.log);
    committer = std::make_unique<ThreadedCommitter>(*base.journal, *held, *base.outbox, nullptr, [this] { base.journal->wake(); });
    lane = std::make_unique<Lane>(LaneParts{*base.fold, *base.journal, *held, *base.outbox, *committer, base.time(), base.log}, options);
    const auto recovered = lane->recover(JournalRecovery{}, incarnation_of(1));
    EXPECT_TRUE(recovered);
  }
  ~ThreadedNode() { stop(); }
  void run() {
    thread = std::make_unique<LaneThread>(*lane, *base.journal, *base.outbox, LaneThread::Hooks{[this] { ++batches; }, [this](const Error& error) {
      stopped_with.set_value(error.message);
    }});
  }
  void stop() {
    thread.reset();
    committer.reset();
  }
  // Until the record at `position` is applied.
  void wait_for(Position position) {
    for (;;) {
      std::promise<Position> applied;
      auto answer = applied.get_future();
      if (!thread->post([&](Lane& l) { applied.set_value(l.applied().position); })) continue;
      if (answer.get() >= position) return;
      std::this_thread::yield();
    }
  }

  LaneOnDisk base;
  std::unique_ptr<HeldStore> held;
  std::unique_ptr<ThreadedCommitter> committer;
  std::unique_ptr<Lane> lane;
  std::atomic<int> batches = 0;
  std::promise<std::string> stopped_with;
  std::unique_ptr<LaneThread> thread;
};

LaneOptions eager() {
  LaneOptions options;
  options.commit_interval = std::chrono::milliseconds(1);
  return options;
}

// Changes of the batch before were told again, as if they were new.
TEST(LaneThread, appending_a_tick_that_is_due_is_not_told_as_a_batch) {
  ThreadedNode node(eager());
  const std::uint64_t before = node.lane->counts().batches;
  node.base.fold->due = node.base.time().wall();
  node.run();
  for (bool is_due = true; is_due;) {
    std::promise<bool> seen;
    if (!node.thread->post([&](Lane&) { seen.set_value(node.base.fold->due.has_value()); })) continue;
    is_due = seen.get_future().get();
  }
  node.stop();
  EXPECT_EQ(static_cast<std::uint64_t>(node.batches), node.lane->counts().batches - before);
}

TEST(LaneThread, appends_questions_and_commits_at_once_lose_nothing) {
  ThreadedNode node(eager());
  std::atomic<std::uint64_t> delivered = 0;
  node.base.outbox->on_ready(OutboxKind::publish, [] {});
  node.run();
  constexpr int kSources = 3, kEach = 300;
  std::vector<Position> last(kSources);
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int source = 0; source < kSources; ++source) {
      threads.emplace_back([&, source] {
        const std::string topic = "topic" + std::to_string(source);
        for (int i = 0; i < kEach; ++i) last[static_cast<std::size_t>(source)] = node.base.append("publish x", RecordKind::message, topic);
      });
    }
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        while (!node.thread->post([&](Lane&) { ++answered; })) std::this_thread::yield();
      }
    });
    threads.emplace_back([&] {
      while (delivered < kSources * kEach) {
        for (const auto& row : node.base.outbox->take(OutboxKind::publish, 16)) {
          EXPECT_TRUE(node.base.outbox->delivered(row));
          ++delivered;
        }
      }
    });
  }
  node.wait_for(*std::max_element(last.begin(), last.end()));
  node.stop();
  EXPECT_EQ(answered, 200);
  EXPECT_EQ(delivered, kSources * kEach);
  for (int source = 0; source < kSources; ++source) {
    EXPECT_EQ(node.base.fold->text["topic" + std::to_string(source)].size(), kEach * (sizeof "publish x") - 1);
  }
  EXPECT_EQ(**node.base.store->checkpoint(), node.lane->applied()) << "a stop commits what is applied";
}

TEST(LaneThread, a_store_that_stalls_does_not_stall_the_fold_nor_keep_the_lane_spinning) {
  ThreadedNode node(eager());
  node.held->hold();
  node.run();
  node.base.append("a");
  node.held->wait_for_commit();
  const auto last = node.base.append("b");
  node.wait_for(last);
  std::promise<std::optional<Duration>> wake;
  auto answer = wake.get_future();
  ASSERT_TRUE(node.thread->post([&](Lane& lane) { wake.set_value(lane.next_wake()); }));
  EXPECT_EQ(answer.get(), std::nullopt) << "the committer wakes the lane when it is done";
  node.held->let_go();
  node.stop();
  EXPECT_EQ(node.base.committed_text()["t"], "a,b");
}

TEST(LaneThread, a_commit_that_fails_stops_the_lane_with_its_reason) {
  ThreadedNode node(eager());
  node.held->hold();
  node.run();
  node.base.append("a");
  node.held->wait_for_commit();
  node.base.append("b");
  node.held->let_go(unavailable("the card is gone"));
  EXPECT_EQ(node.stopped_with.get_future().get(), "the card is gone");
  EXPECT_FALSE(node.thread->post([](Lane&) {}));
}

TEST(LaneThread, a_commit_that_fails_stops_the_lane_also_while_nothing_else_happens) {
  ThreadedNode node(eager());
  node.held->hold();
  node.run();
  node.base.append("a");
  node.held->wait_for_commit();
  node.held->let_go(unavailable("the card is gone"));
  EXPECT_EQ(node.stopped_with.get_future().get(), "the card is gone");
}

TEST(LaneThread, a_full_mailbox_refuses) {
  std::promise<void> gate, entered;  // outlive the lane that waits for them
  const auto opened = gate.get_future();
  ThreadedNode node(eager());
  node.run();
  ASSERT_TRUE(node.thread->post([&](Lane&) { entered.set_value(), opened.wait(); }));
  entered.get_future().wait();
  std::size_t taken = 0;
  while (node.thread->post([](Lane&) {})) ++taken;
  EXPECT_EQ(taken, LaneThread::kMailbox);
  gate.set_value();
}

}  // namespace
}  // namespace doppel

// Carries a frozen set of changes into the store, beside the lane.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "twin_store/journal/journal.h"
#include "twin_store/lane/outbox.h"
#include "twin_store/lane/snapshots.h"
#include "twin_store/store/store.h"

namespace doppel {

struct CommitJob {
  Checkpoint checkpoint;
  std::vector<RowChange> changes;
  std::uint64_t delivery_log_number = 0;
};

// The journal is kept for the newest snapshot to go on from; without snapshots, for the store alone, which holds all up to `held`.
void keep_journal_for(Position held, Journal& journal, const Snapshots* snapshots);

// What a commit is: the journal is synced first, with every policy, so that the store never gets ahead of it. Thread: one at a time.
Result<void> commit(const CommitJob& job, Journal& journal, Store& store, Outbox& outbox, Snapshots* snapshots = nullptr);

class Committer {
 public:
  virtual ~Committer() = default;
  // Before any other member: what the store held when it was opened.
  virtual void begin(Position held) = 0;
  // Errors of a commit that runs on a thread of its own come out of the next call of any member from here on.
  virtual Result<bool> is_busy() const = 0;
  // Only when not busy.
  virtual Result<void> submit(CommitJob job) = 0;
  virtual Result<void> wait_until_idle() = 0;
};

// Commits before submit() returns.
class DirectCommitter final : public Committer {
 public:
  DirectCommitter(Journal& journal, Store& store, Outbox& outbox) : journal_(journal), store_(store), outbox_(outbox) {}
  void begin(Position held) override { keep_journal_for(held, journal_, nullptr); }
  Result<bool> is_busy() const override { return false; }
  Result<void> submit(CommitJob job) override { return commit(job, journal_, store_, outbox_); }
  Result<void> wait_until_idle() override { return {}; }

 private:
  Journal& journal_;
  Store& store_;
  Outbox& outbox_;
};

// Commits on a thread of its own, which sleeps while there is nothing to do. One job at a time.
class ThreadedCommitter final : public Committer {
 public:
  // `when_done` is called on the committer's thread after each commit.
  ThreadedCommitter(Journal& journal, Store& store, Outbox& outbox, Snapshots* snapshots, std::function<void()> when_done);
  void begin(Position held) override { keep_journal_for(held, journal_, snapshots_); }
  Result<bool> is_busy() const override;
  Result<void> submit(CommitJob job) override;
  Result<void> wait_until_idle() override;

 private:
  void run(const std::stop_token& stop);

  Journal& journal_;
  Store& store_;
  Outbox& outbox_;
  Snapshots* snapshots_;
  std::function<void()> when_done_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<CommitJob> job_;    // waiting or at work
  std::optional<Error> failure_;    // sticky
  std::jthread thread_;
};

}  // namespace doppel

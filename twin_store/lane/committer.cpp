#include "twin_store/lane/committer.h"

#include <algorithm>

namespace doppel {

void keep_journal_for(Position held, Journal& journal, const Snapshots* snapshots) {
  // A snapshot may be ahead of a store that was made again from an older one.
  journal.set_committed(snapshots == nullptr ? held : std::min(held, snapshots->newest()));
}

Result<void> commit(const CommitJob& job, Journal& journal, Store& store, Outbox& outbox, Snapshots* snapshots) {
  if (auto synced = journal.sync(); !synced) return synced;
  if (auto committed = store.commit(job.checkpoint, job.changes); !committed) return committed;
  if (snapshots != nullptr) {
    if (auto kept = snapshots->after_commit(store, journal, job.checkpoint); !kept) return kept;
  }
  keep_journal_for(job.checkpoint.position, journal, snapshots);
  if (auto dropped = outbox.committed(job.delivery_log_number); !dropped) return dropped;
  return store.checkpoint_log();
}

ThreadedCommitter::ThreadedCommitter(Journal& journal, Store& store, Outbox& outbox, Snapshots* snapshots, std::function<void()> when_done)
    : journal_(journal), store_(store), outbox_(outbox), snapshots_(snapshots), when_done_(std::move(when_done)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Result<bool> ThreadedCommitter::is_busy() const {
  std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return job_.has_value();
}

Result<void> ThreadedCommitter::submit(CommitJob job) {
  std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  job_ = std::move(job);
  changed_.notify_all();
  return {};
}

Result<void> ThreadedCommitter::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !job_.has_value(); });
  if (failure_) return *failure_;
  return {};
}

void ThreadedCommitter::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return job_.has_value(); })) {
    lock.unlock();
    const auto done = commit(*job_, journal_, store_, outbox_, snapshots_);  // only this thread clears the job
    lock.lock();
    if (!done && !failure_) failure_ = done.error();
    job_.reset();
    changed_.notify_all();
    lock.unlock();
    when_done_();
    lock.lock();
  }
}

}  // namespace doppel

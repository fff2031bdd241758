#include "twin_store/lane/lane_thread.h"

namespace doppel {

Result<bool> take_turn(Lane& lane, const Journal& journal, Outbox& outbox, const std::function<void()>& after_batch) {
  const std::uint64_t batches = lane.counts().batches;
  const auto ran = lane.step();
  if (!ran) return ran;
  if (lane.counts().batches != batches) {
    // With a policy that syncs on append, or not at all, no sync follows that would release the rows.
    outbox.release(journal.last_synced());
    after_batch();
  }
  if (auto committed = lane.commit_if_due(); !committed) return committed.error();
  return ran;
}

LaneThread::LaneThread(Lane& lane, Journal& journal, Outbox& outbox, Hooks hooks)
    : lane_(lane), journal_(journal), outbox_(outbox), hooks_(std::move(hooks)) {
  journal_.on_synced([this](Position synced) { outbox_.release(synced); });
  outbox_.release(journal_.last_synced());
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LaneThread::~LaneThread() {
  thread_.request_stop();
  journal_.wake();
  thread_.join();
  journal_.on_synced(nullptr);
}

bool LaneThread::post(std::function<void(Lane&)> question) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || mailbox_.size() >= kMailbox) return false;
    mailbox_.push_back(std::move(question));
  }
  journal_.wake();
  return true;
}

bool LaneThread::answer_questions() {
  std::deque<std::function<void(Lane&)>> questions;
  {
    std::lock_guard lock(mutex_);
    questions.swap(mailbox_);
  }
  for (const auto& question : questions) question(lane_);
  return !questions.empty();
}

void LaneThread::run(const std::stop_token& stop) {
  Result<void> done;
  while (done && !stop.stop_requested()) {
    answer_questions();
    const auto began = std::chrono::steady_clock::now();
    const auto ran = take_turn(lane_, journal_, outbox_, hooks_.after_batch);
    if (!ran) {
      done = ran.error();
    } else if (!*ran) {
      journal_.wait_for_append(lane_.last_read(), lane_.next_wake());
    } else if (!lane_.has_pending()) {
      std::this_thread::sleep_until(began + kBatchPace);
    }
  }
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  answer_questions();
  if (done) done = lane_.commit_now();
  if (!done) hooks_.fail_stop(done.error());
}

}  // namespace doppel

// Runs a lane beside its sources: sleeps until something is appended, due or asked.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "twin_store/lane/lane.h"

namespace doppel {

// One turn of a lane: a batch or a tick, if there is one, then a commit, if it is time. True: something was done. Thread: the lane's.
Result<bool> take_turn(Lane& lane, const Journal& journal, Outbox& outbox, const std::function<void()>& after_batch);

class LaneThread {
 public:
  struct Hooks {
    std::function<void()> after_batch;           // on the lane's thread, after each batch
    std::function<void(const Error&)> fail_stop; // on the lane's thread; does not return to a running lane
  };
  // Questions waiting for the lane; beyond it post() refuses.
  static constexpr std::size_t kMailbox = 4096;

  // Batches begin at least this far apart, unless records wait already: under load a message then needs neither a wake-up of the lane
  // nor a mark nor a run of functions of its own. The first message after a pause is taken at once.
  static constexpr Duration kBatchPace = std::chrono::milliseconds(1);

  // `lane` has recovered. Borrowed.
  LaneThread(Lane& lane, Journal& journal, Outbox& outbox, Hooks hooks);
  // Stops after the batch at work; commits what is applied.
  ~LaneThread();

  // Runs `question` on the lane's thread between two batches: it may read the fold's state, and must be short. Thread: any.
  // False: the mailbox is full, or the lane has stopped.
  bool post(std::function<void(Lane&)> question);

 private:
  void run(const std::stop_token& stop);
  bool answer_questions();

  Lane& lane_;
  Journal& journal_;
  Outbox& outbox_;
  Hooks hooks_;
  std::mutex mutex_;
  std::deque<std::function<void(Lane&)>> mailbox_;
  bool stopped_ = false;
  std::jthread thread_;
};

}  // namespace doppel

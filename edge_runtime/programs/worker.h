// One thread for work that may take long and must not hold up a lane or a server: validating a module, reading by SQL.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace doppel {

// Thread: any. Jobs run one after another; those that wait when the worker goes are dropped.
class Worker {
 public:
  static constexpr std::size_t kMostWaiting = 64;

  Worker() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

  // False: as many wait already.
  bool submit(std::function<void()> job) {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= kMostWaiting) return false;
    jobs_.push_back(std::move(job));
    changed_.notify_one();
    return true;
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !jobs_.empty(); }) && !stop.stop_requested()) {
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> jobs_;
  std::jthread thread_;
};

}  // namespace doppel

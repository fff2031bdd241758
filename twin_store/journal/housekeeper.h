// Syncs some time after an append and prepares the next segment: on a thread of its own, which sleeps while nothing is appended, or
// wherever JournalOptions::run_later does it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace doppel {

// Thread: the requests may come from any; the work runs on the housekeeper's, or as run_later does.
class Housekeeper {
 public:
  using RunLater = std::function<void(std::chrono::nanoseconds from_now, std::function<void()> work)>;
  struct Work {
    std::function<void()> sync;
    std::function<void(std::uint64_t number)> prepare_segment;
  };
  Housekeeper(std::chrono::milliseconds sync_interval, RunLater run_later, Work work);
  ~Housekeeper() { stop(); }

  // One sync, an interval from now at the latest. Cheap while one is due already.
  void sync_soon();
  void prepare_segment(std::uint64_t number);
  void stop();  // what is due is not done any more

 private:
  void run(std::stop_token stop);

  void sync_now();

  const std::chrono::milliseconds sync_interval_;
  const RunLater run_later_;  // empty: the thread runs
  const Work work_;
  std::atomic<bool> sync_is_due_ = false;
  std::mutex mutex_;  // guards the two requests
  std::condition_variable_any requested_;
  std::optional<std::chrono::steady_clock::time_point> sync_at_;
  std::uint64_t segment_wanted_ = 0;
  std::jthread thread_;
};

}  // namespace doppel

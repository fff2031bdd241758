// The journal's own thread: syncs some time after an append and prepares the next segment. It sleeps while nothing is appended.
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

// Thread: the requests may come from any; the work runs on the housekeeper's.
class Housekeeper {
 public:
  struct Work {
    std::function<void()> sync;
    std::function<void(std::uint64_t number)> prepare_segment;
  };
  Housekeeper(std::chrono::milliseconds sync_interval, Work work);
  ~Housekeeper() { stop(); }

  // One sync, an interval from now at the latest. Cheap while one is due already.
  void sync_soon();
  void prepare_segment(std::uint64_t number);
  void stop();  // what is due is not done any more

 private:
  void run(std::stop_token stop);

  const std::chrono::milliseconds sync_interval_;
  const Work work_;
  std::atomic<bool> sync_is_due_ = false;
  std::mutex mutex_;  // guards the two requests
  std::condition_variable_any requested_;
  std::optional<std::chrono::steady_clock::time_point> sync_at_;
  std::uint64_t segment_wanted_ = 0;
  std::jthread thread_;
};

}  // namespace doppel

// The last position that readers may read, and the sleep of whoever waits for the next. Publishing costs a system call only when somebody
// sleeps.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "twin_store/model/ids.h"
#include "twin_store/model/time.h"

namespace doppel {

// Thread: any.
class PublishedPosition {
 public:
  explicit PublishedPosition(Position last) : last_(last) {}

  Position get() const { return last_.load(std::memory_order_acquire); }

  // Sequentially consistent with wait(): either this sees the sleeper, or the sleeper sees the position.
  void publish(Position position) {
    last_.store(position);
    if (sleepers_.load() == 0) return;
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

  void wake() {
    {
      const std::lock_guard lock(mutex_);
      ++wakes_;
    }
    changed_.notify_all();
  }

  // Until a position past `seen` is published, a wake() that no wait has answered yet, or the timeout.
  void wait(Position seen, std::optional<Duration> timeout) {
    constexpr Duration kLongest = std::chrono::hours(24);  // so that adding it to a clock cannot overflow
    std::unique_lock lock(mutex_);
    const auto wakes_before = answered_wakes_;
    ++sleepers_;
    const auto ready = [&] { return last_.load() > seen || wakes_ != wakes_before; };
    if (!timeout) {
      changed_.wait(lock, ready);
    } else {
      changed_.wait_for(lock, *timeout < kLongest ? *timeout : kLongest, ready);
    }
    --sleepers_;
    answered_wakes_ = wakes_;
  }

 private:
  std::atomic<Position> last_;
  std::atomic<int> sleepers_ = 0;
  std::mutex mutex_;  // guards the two counts
  std::condition_variable changed_;
  std::uint64_t wakes_ = 0, answered_wakes_ = 0;
};

}  // namespace doppel

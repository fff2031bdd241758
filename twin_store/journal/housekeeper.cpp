#include "twin_store/journal/housekeeper.h"

#include <utility>

namespace doppel {

Housekeeper::Housekeeper(std::chrono::milliseconds sync_interval, RunLater run_later, Work work)
    : sync_interval_(sync_interval), run_later_(std::move(run_later)), work_(std::move(work)) {
  if (!run_later_) thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

void Housekeeper::sync_soon() {
  if (sync_is_due_.load(std::memory_order_relaxed) || sync_is_due_.exchange(true)) return;
  if (run_later_) return run_later_(sync_interval_, [this] { sync_now(); });
  {
    const std::lock_guard lock(mutex_);
    sync_at_ = std::chrono::steady_clock::now() + sync_interval_;
  }
  requested_.notify_one();
}

void Housekeeper::prepare_segment(std::uint64_t number) {
  if (run_later_) return run_later_(std::chrono::nanoseconds(0), [this, number] { work_.prepare_segment(number); });
  {
    const std::lock_guard lock(mutex_);
    segment_wanted_ = number;
  }
  requested_.notify_one();
}

void Housekeeper::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Housekeeper::run(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (segment_wanted_ != 0) {
      const auto number = std::exchange(segment_wanted_, 0);
      lock.unlock();
      work_.prepare_segment(number);
      lock.lock();
      continue;
    }
    if (!sync_at_) {
      requested_.wait(lock, stop, [&] { return sync_at_ || segment_wanted_ != 0; });
      continue;
    }
    if (requested_.wait_until(lock, stop, *sync_at_, [&] { return segment_wanted_ != 0; }) || stop.stop_requested()) continue;
    sync_at_.reset();
    lock.unlock();
    sync_now();
    lock.lock();
  }
}

// What is due is cleared before the sync looks what there is: an append behind that look asks again.
void Housekeeper::sync_now() {
  sync_is_due_.store(false);
  work_.sync();
}

}  // namespace doppel

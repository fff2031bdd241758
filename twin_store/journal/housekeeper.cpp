#include "twin_store/journal/housekeeper.h"

#include <utility>

namespace doppel {

Housekeeper::Housekeeper(std::chrono::milliseconds sync_interval, Work work)
    : sync_interval_(sync_interval), work_(std::move(work)), thread_([this](std::stop_token stop) { run(stop); }) {}

void Housekeeper::sync_soon() {
  if (sync_is_due_.load(std::memory_order_relaxed) || sync_is_due_.exchange(true)) return;
  {
    const std::lock_guard lock(mutex_);
    sync_at_ = std::chrono::steady_clock::now() + sync_interval_;
  }
  requested_.notify_one();
}

void Housekeeper::prepare_segment(std::uint64_t number) {
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
    // Cleared before the sync looks what there is: an append behind that look asks again.
    sync_is_due_.store(false);
    lock.unlock();
    work_.sync();
    lock.lock();
  }
}

}  // namespace doppel

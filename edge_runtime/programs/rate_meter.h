// Events a second over the last few whole seconds.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "twin_store/model/time.h"

namespace doppel {

// Thread: any.
class RateMeter {
 public:
  void add(std::uint64_t events, Duration now) {
    std::lock_guard lock(mutex_);
    slot(second_of(now)).events += events;
  }
  double per_second(Duration now) const {
    std::lock_guard lock(mutex_);
    std::uint64_t sum = 0;
    for (std::int64_t back = 1; back <= kSeconds; ++back) {
      const Slot& s = slots_[index(second_of(now) - back)];
      if (s.second == second_of(now) - back) sum += s.events;
    }
    return static_cast<double>(sum) / kSeconds;
  }

 private:
  static constexpr std::int64_t kSeconds = 5;
  struct Slot {
    std::int64_t second = -1;
    std::uint64_t events = 0;
  };
  static std::int64_t second_of(Duration t) { return t / std::chrono::seconds(1); }
  static std::size_t index(std::int64_t second) { return static_cast<std::size_t>(second % (kSeconds + 1)); }
  Slot& slot(std::int64_t second) {
    Slot& s = slots_[index(second)];
    if (s.second != second) s = {second, 0};
    return s;
  }

  mutable std::mutex mutex_;
  std::array<Slot, kSeconds + 1> slots_;
};

}  // namespace doppel

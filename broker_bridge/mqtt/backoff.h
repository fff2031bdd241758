// How long to wait before the next try.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "twin_store/model/hash.h"

namespace doppel {

// Waits double from `least` to `most`; each is shortened by a random part of up to a half, so that a fleet that lost its broker
// at one moment does not come back at one moment.
class Backoff {
 public:
  using Wait = std::chrono::milliseconds;
  Backoff(Wait least, Wait most, std::uint64_t seed) : least_(least), most_(most), next_(least), random_(seed) {}

  Wait next() {
    const Wait full = next_;
    next_ = std::min(most_, next_ * 2);
    random_ = mix64(random_, 1);
    return full - Wait(static_cast<std::int64_t>(random_ % static_cast<std::uint64_t>(full.count() / 2 + 1)));
  }
  void reset() { next_ = least_; }

 private:
  Wait least_, most_, next_;
  std::uint64_t random_;
};

}  // namespace doppel

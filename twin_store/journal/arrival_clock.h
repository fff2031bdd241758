// Arrival stamps (rule 16): the wall clock as it was when last looked up to, carried on by the monotonic clock.
#pragma once

#include "twin_store/model/time.h"

namespace doppel {

// Within a process, and from one process to the next, readings never go back, unless with a step that says so.
// Thread: one at a time. Borrows: the clock.
class ArrivalClock {
 public:
  static constexpr Duration kTolerance = std::chrono::seconds(1);

  // Goes on from `last`, the last arrival of the process before.
  ArrivalClock(const Clock& clock, Timestamp last) : clock_(clock), anchor_monotonic_(clock.monotonic()) {
    anchor_ = clock.wall() < last ? last : clock.wall();
  }

  struct Reading {
    Timestamp time;
    Duration step{0};  // not 0: the wall clock is this far from where readings were; `time` is on the new time
  };
  Reading read() {
    const Duration monotonic = clock_.monotonic();
    const Timestamp wall = clock_.wall();
    const Timestamp expected = anchor_ + (monotonic - anchor_monotonic_);
    const Duration off = wall - expected;
    if (off <= kTolerance && off >= -kTolerance) return {expected};
    anchor_ = wall;
    anchor_monotonic_ = monotonic;
    return {wall, off};
  }

 private:
  const Clock& clock_;
  Timestamp anchor_;
  Duration anchor_monotonic_;
};

}  // namespace doppel

// When the lane's thread answered last. Who waits for the process to end asks it now and then; the service manager and /healthz want to
// know.
#pragma once

#include <atomic>
#include <string>

#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel {

// Thread: any.
class LanePulse {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(5);      // between two questions
  static constexpr Duration kMostSilence = std::chrono::seconds(30);  // a lane that is silent for longer hangs

  explicit LanePulse(const Clock& clock) : clock_(clock) { beat(); }

  void beat() { heard_ = clock_.monotonic().count(); }
  // Errors: unavailable (silent for too long).
  Result<void> check() const {
    const Duration silence = clock_.monotonic() - Duration(heard_);
    if (silence <= kMostSilence) return {};
    const auto seconds = [](Duration time) { return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s"; };
    return unavailable("the lane has not answered for " + seconds(silence) + "; it is taken to hang after " + seconds(kMostSilence));
  }

 private:
  const Clock& clock_;
  std::atomic<Duration::rep> heard_{0};
};

}  // namespace doppel

// Wakes a thread that waits in poll(). Thread: wake() from any; clear() on the one that waits.
#pragma once

#include <atomic>

#include "twin_store/model/result.h"

namespace doppel::uplink {

class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  Result<void> ready() const;  // unavailable: the system gave no descriptor
  int descriptor() const { return descriptor_; }
  void wake();
  void clear();

 private:
  int descriptor_;
  std::atomic<bool> is_awake_{false};  // spares the system call when one is under way already
};

}  // namespace doppel::uplink

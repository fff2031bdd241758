// After a failed write or sync nobody knows what is on the medium: everything later fails with the first error.
#pragma once

#include <atomic>
#include <mutex>
#include <utility>

#include "twin_store/model/result.h"

namespace doppel {

// Thread: any.
class StickyFailure {
 public:
  // Returns the error that sticks, which is the first.
  Error set(Error error) {
    const std::lock_guard lock(mutex_);
    if (!is_set_) first_ = std::move(error);
    is_set_ = true;
    return first_;
  }
  Result<void> check() const {
    if (!is_set_) return {};
    const std::lock_guard lock(mutex_);
    return first_;
  }

 private:
  mutable std::mutex mutex_;  // guards first_
  Error first_;
  std::atomic<bool> is_set_ = false;
};

}  // namespace doppel

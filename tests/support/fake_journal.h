// A journal in memory that can be told to refuse. For tests of what appends to one.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "twin_store/journal/journal.h"

namespace doppel {

class FakeJournal : public Journal {
 public:
  struct Entry {
    Delivery delivery;
    std::string headers, topic, payload;
  };

  Result<Position> append(const NewRecord& record) override {
    const std::lock_guard lock(mutex_);
    ++attempts_;
    if (!refusals_.empty()) {
      const Error refusal = refusals_.front();
      refusals_.pop_front();
      return refusal;
    }
    if (full_ && entries_.size() >= most_) return *full_;
    entries_.push_back({record.delivery, std::string(record.headers), std::string(record.topic), std::string(record.payload)});
    return Position{entries_.size()};
  }
  void refuse(const Error& error, int times) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) refusals_.push_back(error);
  }
  // As on a full disk: what comes after `most` entries is refused.
  void take_at_most(std::size_t most, const Error& error) {
    const std::lock_guard lock(mutex_);
    most_ = most;
    full_ = error;
  }
  std::vector<Entry> entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  int attempts() const {
    const std::lock_guard lock(mutex_);
    return attempts_;
  }

  Position last() const override { return Position{entries().size()}; }
  Position last_synced() const override { return last(); }
  Epoch epoch() const override { return Epoch::first; }
  Result<void> sync() override { return {}; }
  Result<void> begin_epoch(Position) override { return {}; }
  void wait_for_append(Position, std::optional<Duration>) override {}
  void wake() override {}
  void on_synced(std::function<void(Position)>) override {}
  Result<std::unique_ptr<JournalReader>> read_after(Position) override { return not_found("nothing to read here"); }
  Position first() const override { return Position{1}; }
  void set_committed(Position) override {}
  bool waits_for_commit() const override { return false; }
  Result<void> takes_messages() const override { return {}; }
  std::uint64_t size_bytes() const override { return 0; }
  Result<void> close() override { return {}; }

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::deque<Error> refusals_;
  std::size_t most_ = SIZE_MAX;
  std::optional<Error> full_;
  int attempts_ = 0;
};

}  // namespace doppel

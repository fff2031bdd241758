// What could not be applied, with why and its own copy of the input, so that it can be looked at and tried again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/pipeline/kept_event.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/store/store.h"

namespace doppel {

// What can be tried again: only what left no trace in the state when it failed.
enum class RetryAs : std::uint8_t {
  nothing = 0,
  message = 1,  // the whole message, as if it came now
  event = 2,    // the event, by the function that failed on it
};

struct DeadLetter {
  std::string reason;     // a fixed word: "bad_payload", "twin_limit", "trap", ...
  std::string detail;     // what is wrong, with value and limit; for functions with the backtrace
  std::string function;   // empty when none was at work
  std::string version;    // of the function
  RetryAs retry = RetryAs::nothing;
  KeptEvent event;        // at most kPayloadBytes of its payload; without fields and properties when it is larger than kRetryBytes
  std::uint64_t payload_size = 0;
};

// Thread: the lane's.
class DeadLetters {
 public:
  static constexpr std::string_view kTable = "dead_letter";
  static constexpr std::size_t kPayloadBytes = 16 * 1024;
  static constexpr std::size_t kRetryBytes = 64 * 1024;  // a larger event cannot be retried
  using Number = std::uint64_t;                          // counts dead letters; never reused

  explicit DeadLetters(std::uint64_t limit) : limit_(limit) {}

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);

  // Beyond the limit the oldest goes, and is counted.
  void add(DeadLetter letter);
  void set_limit(std::uint64_t limit) { limit_ = limit; }

  // Oldest first.
  void for_each(const std::function<void(Number, const DeadLetter&)>& visit) const;
  const DeadLetter* find(Number number) const;
  Number last() const { return next_ - 1; }  // the newest there has been
  const DeadLetter* newest() const { return letters_.empty() ? nullptr : &letters_.rbegin()->second; }
  void remove(Number number);
  std::size_t size() const { return letters_.size(); }
  const std::map<std::string, std::uint64_t>& counts_by_reason() const { return by_reason_; }
  std::uint64_t dropped() const { return dropped_; }
  void restore_counts(std::map<std::string, std::uint64_t> by_reason, std::uint64_t dropped) {
    by_reason_ = std::move(by_reason);
    dropped_ = dropped;
    next_ = 1;
    for (const auto& [reason, count] : by_reason_) next_ += count;
    first_unstored_ = next_;
  }

 private:
  std::uint64_t limit_;
  Number next_ = 1;
  std::map<Number, DeadLetter> letters_;
  Number first_unstored_ = 1;
  std::vector<Number> removed_;  // of those that are stored
  std::map<std::string, std::uint64_t> by_reason_;
  std::uint64_t dropped_ = 0;
};

}  // namespace doppel

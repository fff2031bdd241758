// What the coordinator has not acknowledged yet: for each key its latest row. Not a queue: a newer row takes the place of the
// older one, so a long cut costs no more than the keys that changed in it.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker_bridge/uplink/messages.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

struct BacklogLimits {
  std::size_t rows = 100'000;
  std::size_t bytes = 64u << 20;  // of keys and payloads
};

// Live values first: alerts, twin values, the edge's status, then window rows, the newest first. Among equals the one that
// waits longest. Beyond a limit the last in that order is dropped and counted.
class Backlog {
 public:
  // windows_first is for every few frames, so that a stream of live values cannot hold the windows back for ever.
  enum class Order { live_first, windows_first };

  explicit Backlog(BacklogLimits limits) : limits_(limits) {}

  // A row whose revision is not above the one waiting under its key is ignored.
  void put(Duration now, std::string_view key, std::uint64_t revision, std::string_view payload);

  // Rows of about `bytes` together, at least one if any waits. From now on they are in flight under `sequence`, which grows
  // from call to call.
  std::vector<Row> take(Duration now, std::uint64_t sequence, std::size_t bytes, Order order);
  // The coordinator holds `key` at `revision`: forgets the row unless a newer one has come.
  void acknowledge(std::string_view key, std::uint64_t revision);
  // Nothing is in flight any more: what was waits again.
  void recall();
  void clear();

  bool has_waiting() const { return !waiting_.empty(); }
  std::optional<Duration> oldest_in_flight() const;  // when it was taken
  std::optional<Duration> oldest() const;            // when the oldest row without receipt was put; looks at all rows
  std::size_t rows() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t dropped() const { return dropped_; }
  const BacklogLimits& limits() const { return limits_; }

 private:
  struct Entry {
    std::uint64_t revision = 0;
    std::uint64_t sequence = 0;  // in flight under this one; 0: waiting
    std::int64_t rank = 0;
    Duration since{0};
    std::string payload;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  struct Place {
    int priority;
    std::int64_t rank;
    const std::string* key;  // of the entry
    bool operator<(const Place& other) const;
  };
  struct Sent {
    Duration at{0};
    std::size_t outstanding = 0;
  };

  static Place place_of(const Entries::value_type& item);
  void set_waiting(Entries::value_type& item);
  void leave_flight(Entry& entry);
  void erase(Entries::iterator at);
  void shrink();

  BacklogLimits limits_;
  Entries entries_;
  std::set<Place> waiting_;
  std::map<std::uint64_t, Sent> sent_;  // by sequence
  std::int64_t arrivals_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace doppel::uplink

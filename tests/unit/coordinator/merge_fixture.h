// A merge fold that is given records one by one, and the words to make them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker_bridge/uplink/messages.h"
#include "coordinator/fleet_view.h"
#include "coordinator/merge_fold.h"
#include "tests/unit/coordinator/memory_store.h"
#include "twin_store/model/hash.h"

namespace doppel {

inline Incarnation life(std::uint8_t number) {
  Incarnation incarnation;
  incarnation.bytes.fill(number);
  return incarnation;
}

inline const Timestamp kNoon = *parse_rfc3339("2026-03-01T12:00:00Z");
inline constexpr std::int64_t kMinute = std::chrono::nanoseconds(std::chrono::minutes(1)).count();

inline WindowKey window(int minute, std::string property = "temperature", std::string group = "") {
  return {"1m", to_nanoseconds(kNoon) + minute * kMinute, kMinute, std::move(group), std::move(property)};
}

inline std::string window_key(const WindowKey& key) {
  std::string bytes(1, kWindowRowKey);
  encode(key, bytes);
  return bytes;
}

// What one edge observed in a window.
inline Aggregate observed(const std::string& edge, const std::vector<double>& values) {
  Aggregate aggregate;
  std::uint64_t position = 0;
  for (const auto value : values) {
    ++position;
    aggregate.add({value, kNoon + std::chrono::seconds(position), hash64(edge), position});
  }
  return aggregate;
}

inline std::string bytes_of(const Aggregate& aggregate) {
  std::string bytes;
  aggregate.encode(bytes);
  return bytes;
}

class Merge {
 public:
  explicit Merge(MergeLimits limits = {}) : limits_(limits), fold(std::make_unique<MergeFold>(limits)) {
    EXPECT_TRUE(fold->load(store));
  }

  void record(RecordKind kind, std::string topic, std::string payload) {
    Record record;
    record.position = Position{++position};
    record.kind = kind;
    record.arrival = now;
    record.topic = topic;
    record.payload = payload;
    BatchOutput output;
    const Batch batch{life(255), Epoch::first, next(record.position), {&record, 1}, {}};
    ASSERT_TRUE(fold->apply(batch, output));
  }
  void uplink(const std::string& edge, uplink::Body body) { record(RecordKind::uplink, edge, uplink::encode({1, std::move(body)})); }

  void hello(const std::string& edge, std::uint8_t number = 1, const std::string& region = "emea", std::uint64_t acknowledged = 0) {
    uplink(edge, uplink::Hello{EdgeId(edge), region, "0.1.0", 0, life(number), acknowledged});
  }
  void rows(const std::string& edge, std::vector<uplink::Row> rows, std::uint8_t number = 1) {
    uplink(edge, uplink::Rows{1, 0, life(number), std::move(rows)});
  }
  void observe(const std::string& edge, const WindowKey& key, const std::vector<double>& values, std::uint64_t revision,
               std::uint8_t number = 1) {
    rows(edge, {{window_key(key), revision, bytes_of(observed(edge, values))}}, number);
  }
  void want(const std::string& function, const std::string& selector, char module = 'a', bool removed = false) {
    const DesiredChange change{removed, {FunctionName(function), "manifest", std::string(64, module)}, *parse_selector(selector)};
    record(RecordKind::desired, std::string(kDesiredFunctionTopic), encode(change));
  }

  void configure(const MergeLimits& limits) { record(RecordKind::configuration, "", to_json(limits)); }

  // Commits, and begins again from what was stored.
  void restart() {
    store.commit(*fold);
    fold = std::make_unique<MergeFold>(limits_);
    ASSERT_TRUE(fold->load(store));
  }

  FleetView view() const { return FleetView(*fold); }
  uplink::Standing standing(const std::string& edge, std::uint8_t number = 1) const {
    return *fold->standing_of({EdgeId(edge), "", "", 0, life(number), 0}, Position::none);
  }
  const EdgeRecord& edge(const std::string& name) const { return *fold->roster().find(EdgeId(name)); }
  std::uint64_t refused(const std::string& name, Refusal refusal) const {
    return edge(name).refused[static_cast<std::size_t>(refusal)];
  }
  // The windows of a level; every one, in order.
  std::vector<WindowView> windows(FleetLevel level = FleetLevel::fleet, std::optional<std::string> property = "temperature") const {
    WindowFilter filter;
    filter.level = level;
    filter.property = std::move(property);
    filter.limit = 10'000;
    auto page = view().windows(filter);
    EXPECT_TRUE(page);
    return page->items;
  }

 private:
  MergeLimits limits_;

 public:
  MemoryStore store;
  std::unique_ptr<MergeFold> fold;
  Timestamp now = kNoon;
  std::uint64_t position = 0;
};

}  // namespace doppel

// Rule 17, on the windows alone: exact rows, retention, flush, eviction, revisions; and nothing depends on what was seen first.
#include "edge_runtime/pipeline/windows.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

struct Row {
  std::uint64_t revision = 0;
  std::string bytes;
  bool operator==(const Row&) const = default;
};
using Rows = std::map<WindowKey, Row>;

Rows rows_of(const Windows& windows) {
  Rows rows;
  windows.for_each([&](const WindowKey& key, std::uint64_t revision, const Aggregate* aggregate, const WindowPopulation* population) {
    Row& row = rows[key];
    row.revision = revision;
    if (aggregate != nullptr) aggregate->encode(row.bytes);
    if (population != nullptr) encode(*population, row.bytes);
  });
  return rows;
}

struct WindowsTest : testing::Test {
  void configure(std::vector<WindowSpec> specs, WindowRules rules = {}) {
    config.edge = "e1";
    config.windows = std::move(specs);
    config.window_rules = rules;
    windows = std::make_unique<Windows>(names, config);
  }
  void add(double time, double arrival, const std::string& area, const std::string& property, double value, const std::string& twin = "d") {
    groups.clear();
    for (std::size_t i = 0; i < config.windows.size(); ++i) groups.push_back(windows->group_of(i, {{"area", area}}));
    const NumericField field{*names.intern(property), value};
    windows->add({at(time), at(arrival), Position{++position}, hash64(twin), groups, {&field, 1}});
  }
  std::vector<OutboxRow> fire(double now) {
    std::vector<OutboxRow> rows;
    windows->fire_due(at(now), Position{++mark}, rows);
    return rows;
  }
  void restart() {
    std::vector<RowChange> changes;
    windows->take_changes(changes);
    store.commit(changes);
    std::string ledger;
    windows->encode_ledger(ledger);
    // Other numbers for the same names.
    names = NameTable(1000);
    for (const char* name : {"other", "u", "temp"}) names.intern(name);
    windows = std::make_unique<Windows>(names, config);
    ASSERT_TRUE(windows->decode_ledger(ledger));
    ASSERT_TRUE(windows->load(store));
  }

  NameTable names{1000};
  PipelineConfig config;
  std::unique_ptr<Windows> windows;
  MemoryStore store;
  std::vector<std::uint32_t> groups;
  std::uint64_t position = 0, mark = 1000;
};

const WindowSpec kMinute{"1m", std::chrono::minutes(1), {"area"}, {"*"}};
WindowRules rules_with(Duration retain, Duration flush, std::uint64_t max_rows = 100'000) {
  WindowRules rules;
  rules.retain = retain;
  rules.flush = flush;
  rules.max_rows = max_rows;
  return rules;
}

TEST_F(WindowsTest, Rule17_rows_are_what_a_recomputation_from_all_events_gives) {
  configure({kMinute, {"10s", std::chrono::seconds(10), {}, {"t*"}}});
  std::mt19937 random(7);
  std::map<WindowKey, Aggregate> want;
  std::map<WindowKey, WindowPopulation> people;
  for (int i = 0; i < 3000; ++i) {
    const double arrival = 100 + i * 0.1, time = arrival - static_cast<double>(random() % 90);
    const std::string area = "a" + std::to_string(random() % 3), property = random() % 2 == 0 ? "temp" : "speed", twin = "d" + std::to_string(random() % 700);
    const double value = static_cast<double>(random() % 1000) / 8 - 20;
    if (i % 100 == 0) fire(arrival);
    if (i % 501 == 0) restart();
    add(time, arrival, area, property, value, twin);
    const auto note = [&](std::string window, std::int64_t length, std::string group, bool selected) {
      const std::int64_t ns = to_nanoseconds(at(time)), start = ns - ns % (length * 1'000'000'000);
      WindowKey key{std::move(window), start, length * 1'000'000'000, std::move(group), ""};
      ++people[key].events;
      people[key].twins.add(hash64(twin));
      if (!selected) return;
      key.property = property;
      want[key].add({value, at(time), hash64("e1"), position});
    };
    note("1m", 60, "area=" + area, true);
    note("10s", 10, "", property == "temp");
  }
  const Rows got = rows_of(*windows);
  EXPECT_EQ(got.size(), want.size() + people.size());
  EXPECT_EQ(windows->row_count(), got.size());
  for (const auto& [key, aggregate] : want) {
    std::string bytes;
    aggregate.encode(bytes);
    EXPECT_EQ(got.at(key).bytes, bytes);
  }
  for (const auto& [key, population] : people) {
    std::string bytes;
    encode(population, bytes);
    EXPECT_EQ(got.at(key).bytes, bytes);
  }
}

TEST_F(WindowsTest, Rule17_first_emitted_at_the_end_and_the_lateness_then_at_most_once_a_flush) {
  configure({kMinute}, rules_with(std::chrono::hours(1), std::chrono::seconds(30)));
  add(0, 0, "n", "t", 1);
  EXPECT_EQ(windows->next_due(), at(65));
  EXPECT_TRUE(fire(64.9).empty());
  EXPECT_EQ(fire(65).size(), 2u);
  EXPECT_FALSE(windows->next_due());
  add(1, 66, "n", "t", 2);
  add(1, 67, "n", "t", 3);
  EXPECT_EQ(windows->next_due(), at(95));
  restart();
  EXPECT_EQ(windows->next_due(), at(95));
  EXPECT_TRUE(fire(94).empty());
  const auto rows = fire(95);
  ASSERT_EQ(rows.size(), 2u);  // one row for both
  EXPECT_EQ(rows[0].revision, mark);
  EXPECT_EQ(rows_of(*windows).begin()->second.revision, mark);
}

TEST_F(WindowsTest, Rule17_a_row_whose_property_did_not_change_is_not_sent_again) {
  configure({kMinute});
  add(0, 0, "n", "t", 1);
  add(0, 0, "n", "u", 1);
  EXPECT_EQ(fire(65).size(), 3u);
  add(0, 66, "n", "u", 2);
  EXPECT_EQ(fire(200).size(), 2u);
}

TEST_F(WindowsTest, Rule17_what_is_older_than_the_retention_is_counted_and_never_begins_a_window_again) {
  configure({kMinute}, rules_with(std::chrono::minutes(5), std::chrono::seconds(1)));
  add(0, 0, "n", "t", 1);
  fire(65);
  fire(360);
  EXPECT_EQ(windows->row_count(), 0u);
  add(0, 361, "n", "t", 1);
  EXPECT_EQ(windows->row_count(), 0u);
  EXPECT_EQ(windows->ledger().too_late, 1u);
}

// The wall clock went back after the row was forgotten: an event then began it again, and replaced all of it by a part.
TEST_F(WindowsTest, Rule17_a_clock_that_steps_back_does_not_bring_a_window_back) {
  configure({kMinute}, rules_with(std::chrono::minutes(5), std::chrono::seconds(1)));
  add(0, 0, "n", "t", 1);
  fire(65);
  fire(360);
  restart();
  add(0, 10, "n", "t", 1);
  EXPECT_EQ(windows->row_count(), 0u);
  EXPECT_EQ(windows->ledger().too_late, 1u);
}

// A window that was sent while the clock was ahead waited until the clock was there again.
TEST_F(WindowsTest, Rule17_a_window_is_sent_again_within_its_flush_though_the_clock_went_back) {
  configure({kMinute}, rules_with(std::chrono::hours(1), std::chrono::seconds(30)));
  add(0, 1000, "n", "t", 1);
  EXPECT_EQ(fire(1000).size(), 2u);
  add(1, 1001, "n", "t", 2);
  EXPECT_EQ(windows->next_due(), at(1030));
  windows->take_clock_step(-std::chrono::seconds(900));
  EXPECT_EQ(windows->next_due(), at(130));
  restart();
  EXPECT_EQ(windows->next_due(), at(130));
  EXPECT_EQ(fire(130).size(), 2u);
}

// What was not sent yet falls due by the end of its window, which no step of the clock moves.
TEST_F(WindowsTest, Rule17_a_clock_step_does_not_move_the_end_of_a_window) {
  configure({kMinute});
  add(0, 0, "n", "t", 1);
  windows->take_clock_step(std::chrono::seconds(900));
  EXPECT_EQ(windows->next_due(), at(65));
}

// A long window at the front kept all shorter ones behind it, long past their time.
TEST_F(WindowsTest, a_long_window_does_not_keep_the_short_ones) {
  configure({{"1d", std::chrono::hours(24), {}, {"t"}}, kMinute}, rules_with(std::chrono::minutes(5), std::chrono::seconds(1)));
  add(0, 0, "n", "t", 1);
  fire(65);
  fire(360);
  EXPECT_EQ(windows->row_count(), 2u);
}

TEST_F(WindowsTest, Promise7_at_the_limit_of_rows_the_oldest_go_are_sent_first_and_are_not_begun_again) {
  configure({kMinute}, rules_with(std::chrono::hours(24), std::chrono::seconds(1), 6));
  for (int minute = 0; minute < 5; ++minute) add(60 * minute, 60 * minute, "n", "t", minute);
  EXPECT_EQ(windows->row_count(), 6u);
  EXPECT_EQ(windows->ledger().rows_evicted, 4u);
  std::vector<OutboxRow> parting;
  windows->take_parting(parting);
  EXPECT_EQ(parting.size(), 4u);
  restart();
  add(0, 300, "n", "t", 1);
  EXPECT_EQ(windows->ledger().too_late, 1u);
  EXPECT_EQ(windows->row_count(), 6u);
}

// One group that was evicted stopped all others of the same minute.
TEST_F(WindowsTest, what_is_still_there_goes_on_counting_beside_what_was_evicted) {
  configure({kMinute}, rules_with(std::chrono::hours(24), std::chrono::seconds(1), 4));
  for (const char* area : {"a", "b", "c"}) add(0, 0, area, "t", 1);
  add(1, 1, "c", "t", 2);
  add(1, 1, "a", "t", 2);
  const Rows rows = rows_of(*windows);
  EXPECT_EQ(rows.size(), 4u);
  EXPECT_EQ(windows->ledger().too_late, 1u);
  for (const auto& [key, row] : rows) {
    if (key.group == "area=c" && key.property.empty()) {
      EXPECT_EQ(decode_window_population(row.bytes)->events, 2u);
    }
  }
}

TEST_F(WindowsTest, a_new_incarnation_begins_empty_and_takes_late_events_again) {
  configure({kMinute}, rules_with(std::chrono::hours(24), std::chrono::seconds(1), 2));
  add(0, 0, "n", "t", 1);
  add(60, 60, "n", "t", 1);
  restart();
  windows->clear();
  EXPECT_EQ(windows->row_count(), 0u);
  EXPECT_FALSE(windows->next_due());
  restart();
  EXPECT_EQ(windows->row_count(), 0u);
  add(0, 61, "n", "t", 1);
  EXPECT_EQ(windows->row_count(), 2u);
}

TEST_F(WindowsTest, a_change_of_configuration_keeps_windows_that_are_still_configured) {
  configure({kMinute, {"10s", std::chrono::seconds(10), {}, {"*"}}});
  add(0, 0, "n", "t", 1);
  add(0, 0, "n", "u", 1);
  restart();
  const Rows before = rows_of(*windows);
  auto old = std::move(windows);
  std::vector<OutboxRow> rows;
  old->emit_all(Position{9}, rows);
  EXPECT_EQ(rows.size(), 6u);
  configure({{"1h", std::chrono::hours(1), {}, {"*"}}, {"1m", std::chrono::minutes(1), {"area"}, {"t"}}});
  windows->adopt(*old);
  EXPECT_EQ(windows->row_count(), 2u);
  for (const auto& [key, row] : rows_of(*windows)) EXPECT_EQ(row.bytes, before.at(key).bytes);
  restart();
  EXPECT_EQ(store.tables["window"].size(), 2u);
  add(1, 1, "n", "t", 3);
  EXPECT_EQ(windows->row_count(), 4u);
}

TEST_F(WindowsTest, Rule17_a_window_that_comes_back_into_the_configuration_replaces_no_contribution_by_a_part_of_it) {
  configure({kMinute});
  add(5, 5, "n", "t", 1);
  add(61, 61, "n", "t", 1);
  const auto change_to = [this](std::vector<WindowSpec> specs) {
    auto old = std::move(windows);
    configure(std::move(specs));
    windows->adopt(*old);
    restart();
  };
  change_to({{"10s", std::chrono::seconds(10), {}, {"*"}}});
  change_to({kMinute});
  add(62, 62, "n", "t", 1);
  EXPECT_EQ(windows->row_count(), 0u);
  EXPECT_EQ(windows->ledger().too_late, 1u);
  add(121, 121, "n", "t", 1);
  EXPECT_EQ(windows->row_count(), 2u);
}

TEST_F(WindowsTest, rows_that_go_up_again_keep_their_revision_and_those_never_sent_stay) {
  configure({kMinute});
  add(0, 0, "n", "t", 1);
  std::vector<OutboxRow> rows;
  windows->append_emitted(rows);
  EXPECT_TRUE(rows.empty());
  fire(65);
  windows->append_emitted(rows);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].revision, mark);
}

TEST_F(WindowsTest, groups_do_not_run_out) {
  configure({kMinute}, rules_with(std::chrono::minutes(1), std::chrono::seconds(1)));
  for (int i = 0; i < 25'000; ++i) {
    if (i % 1000 == 0) fire(i);
    add(i, i, "area" + std::to_string(i), "t", 1);
  }
  bool newest = false;
  for (const auto& [key, row] : rows_of(*windows)) newest = newest || key.group == "area=area24999";
  EXPECT_TRUE(newest);
}

}  // namespace
}  // namespace doppel

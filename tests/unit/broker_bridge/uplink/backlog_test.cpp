#include "broker_bridge/uplink/backlog.h"

#include <gtest/gtest.h>

#include "twin_store/model/window.h"

namespace doppel::uplink {
namespace {

constexpr Duration kStart{0};

std::string window_key(std::int64_t start) {
  std::string key(1, kWindowRowKey);
  encode(WindowKey{"1m", start, 60, "", "temperature"}, key);
  return key;
}

std::vector<std::string> keys(const std::vector<Row>& rows) {
  std::vector<std::string> keys;
  for (const auto& row : rows) keys.push_back(row.key);
  return keys;
}

TEST(Backlog, A_newer_row_takes_the_place_of_the_older_one) {
  Backlog backlog({});
  backlog.put(kStart, "tone", 1, "old");
  backlog.put(kStart, "tone", 2, "new");
  backlog.put(kStart, "tone", 1, "late");
  EXPECT_EQ(backlog.rows(), 1u);
  const auto rows = backlog.take(kStart, 1, 1'000, Backlog::Order::live_first);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0], (Row{"tone", 2, "new"}));
}

TEST(Backlog, Live_values_go_first_and_of_windows_the_newest) {
  Backlog backlog({});
  backlog.put(kStart, window_key(100), 1, "x");
  backlog.put(kStart, window_key(300), 2, "x");
  backlog.put(kStart, window_key(200), 3, "x");
  backlog.put(kStart, "s", 4, "x");
  backlog.put(kStart, "ttwo", 5, "x");
  backlog.put(kStart, "tone", 6, "x");
  backlog.put(kStart, "aalert", 7, "x");
  const std::vector<std::string> expected = {"aalert", "ttwo", "tone", "s", window_key(300), window_key(200), window_key(100)};
  EXPECT_EQ(keys(backlog.take(kStart, 1, 1'000, Backlog::Order::live_first)), expected);
}

TEST(Backlog, A_frame_may_begin_with_windows_so_that_live_values_cannot_hold_them_back) {
  Backlog backlog({});
  backlog.put(kStart, "tone", 1, "x");
  backlog.put(kStart, window_key(100), 2, "x");
  EXPECT_EQ(keys(backlog.take(kStart, 1, 1, Backlog::Order::windows_first)), std::vector<std::string>{window_key(100)});
  EXPECT_EQ(keys(backlog.take(kStart, 2, 1, Backlog::Order::windows_first)), std::vector<std::string>{"tone"});
}

TEST(Backlog, Rows_in_flight_are_not_taken_again_until_they_are_recalled) {
  Backlog backlog({});
  backlog.put(kStart, "tone", 1, "x");
  EXPECT_EQ(backlog.take(kStart, 1, 1'000, Backlog::Order::live_first).size(), 1u);
  EXPECT_FALSE(backlog.has_waiting());
  EXPECT_EQ(backlog.oldest_in_flight(), kStart);
  backlog.recall();
  EXPECT_EQ(backlog.oldest_in_flight(), std::nullopt);
  EXPECT_EQ(backlog.take(kStart, 2, 1'000, Backlog::Order::live_first).size(), 1u);
}

TEST(Backlog, A_receipt_for_an_older_revision_leaves_the_newer_row) {
  Backlog backlog({});
  backlog.put(kStart, "tone", 1, "x");
  (void)backlog.take(kStart, 1, 1'000, Backlog::Order::live_first);
  backlog.put(kStart, "tone", 2, "y");
  backlog.acknowledge("tone", 1);
  EXPECT_EQ(backlog.rows(), 1u);
  EXPECT_EQ(backlog.oldest_in_flight(), std::nullopt);
  EXPECT_EQ(backlog.take(kStart, 2, 1'000, Backlog::Order::live_first).at(0).revision, 2u);
  backlog.acknowledge("tone", 2);
  EXPECT_EQ(backlog.rows(), 0u);
  EXPECT_EQ(backlog.bytes(), 0u);
}

TEST(Backlog, Beyond_its_limit_the_least_urgent_row_is_dropped_and_counted) {
  Backlog backlog({.rows = 2, .bytes = 1'000});
  backlog.put(kStart, window_key(100), 1, "x");
  backlog.put(kStart, "aalert", 2, "x");
  backlog.put(kStart, window_key(200), 3, "x");
  EXPECT_EQ(backlog.dropped(), 1u);
  EXPECT_EQ(keys(backlog.take(kStart, 1, 1'000, Backlog::Order::live_first)), (std::vector<std::string>{"aalert", window_key(200)}));
}

TEST(Backlog, Rows_in_flight_stay_when_it_is_full) {
  Backlog backlog({.rows = 1, .bytes = 1'000});
  backlog.put(kStart, "tone", 1, "x");
  (void)backlog.take(kStart, 1, 1'000, Backlog::Order::live_first);
  backlog.put(kStart, "aalert", 2, "x");
  EXPECT_EQ(backlog.dropped(), 1u);
  backlog.acknowledge("tone", 1);
  EXPECT_EQ(backlog.rows(), 0u);
}

TEST(Backlog, A_limit_of_bytes_holds_as_well) {
  Backlog backlog({.rows = 100, .bytes = 50});
  for (int i = 0; i < 10; ++i) backlog.put(kStart, "t" + std::to_string(i), 1, std::string(8, 'x'));
  EXPECT_LE(backlog.bytes(), 50u);
  EXPECT_EQ(backlog.rows(), 5u);
  EXPECT_EQ(backlog.dropped(), 5u);
}

}  // namespace
}  // namespace doppel::uplink

#include "twin_store/model/aggregate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "twin_store/model/hash.h"
#include "twin_store/model/window.h"

namespace doppel {
namespace {

Sample sample(double value, std::int64_t ns, std::uint64_t edge = 1, std::uint64_t position = 1) {
  return {value, from_nanoseconds(ns), edge, position};
}

std::string bytes_of(const Aggregate& aggregate) {
  std::string bytes;
  aggregate.encode(bytes);
  return bytes;
}

TEST(Aggregate, merging_parts_gives_what_adding_everything_gives) {
  std::mt19937_64 random(5);
  Aggregate whole;
  std::vector<Aggregate> parts(4);
  double mean = 0, m2 = 0;
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) {
    const auto s = sample(std::normal_distribution(1000.0, 3.0)(random), static_cast<std::int64_t>(random() % 1000), random() % 4,
                          static_cast<std::uint64_t>(i));
    values.push_back(s.value);
    whole.add(s);
    parts[s.edge_hash].add(s);
  }
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) m2 += (value - mean) * (value - mean);
  Aggregate merged;
  for (const auto& part : parts) merged.merge(part);
  EXPECT_EQ(merged.count(), whole.count());
  EXPECT_EQ(merged.min(), whole.min());
  EXPECT_EQ(merged.max(), whole.max());
  EXPECT_EQ(merged.first().position, whole.first().position);
  EXPECT_EQ(merged.last().position, whole.last().position);
  EXPECT_EQ(merged.quantiles(), whole.quantiles());
  for (const auto* aggregate : {&whole, &merged}) {
    EXPECT_NEAR(aggregate->mean(), mean, 1e-9 * mean);
    EXPECT_NEAR(aggregate->m2(), m2, 1e-9 * m2);
    EXPECT_NEAR(aggregate->sum(), mean * 5000, 1e-9 * mean * 5000);
  }
}

// The middle of a bucket lies up to 1 % beyond the values in it.
TEST(Aggregate, no_quantile_is_beyond_the_smallest_or_the_largest_value) {
  for (double value = 1; value < 3; value *= 1.0017) {
    for (const double sign : {1.0, -1.0}) {
      Aggregate one, two;
      one.add(sample(sign * value, 1));
      two.add(sample(sign * value, 1)), two.add(sample(sign * value * 1.003, 2));
      for (const double q : {0.0, 0.5, 0.95, 1.0}) {
        EXPECT_EQ(one.quantile(q), sign * value);
        EXPECT_GE(*two.quantile(q), two.min());
        EXPECT_LE(*two.quantile(q), two.max());
      }
    }
  }
  EXPECT_EQ(Aggregate().quantile(0.5), std::nullopt);
}

TEST(Aggregate, an_empty_part_changes_nothing) {
  Aggregate some, empty;
  some.add(sample(4, 1));
  const auto before = bytes_of(some);
  some.merge(empty);
  EXPECT_EQ(bytes_of(some), before);
  empty.merge(some);
  EXPECT_EQ(bytes_of(empty), before);
}

TEST(Aggregate, Rule17_ties_of_first_and_last_go_by_time_then_edge_then_position) {
  Aggregate a;
  a.add(sample(1, 10, 2, 5));
  a.add(sample(2, 10, 1, 9));
  a.add(sample(3, 10, 2, 6));
  EXPECT_EQ(a.first().value, 2);
  EXPECT_EQ(a.last().value, 3);
}

// The bytes of a version do not change: stores and edges of other versions hold them.
TEST(Aggregate, golden_bytes) {
  Aggregate a;
  a.add(sample(1.5, 1000, 7, 3));
  a.add(sample(-2, 2000, 7, 4));
  a.add(sample(0, 3000, 8, 1));
  const auto bytes = bytes_of(a);
  EXPECT_EQ(bytes.size(), 133u);
  EXPECT_EQ(sha256_hex(bytes), "83e8681c62a6daeacb3f643c4d25ad7b21e499f18065803679a0b1174df44349");
  EXPECT_EQ(Aggregate::decode(bytes), a);
}

TEST(Aggregate, other_bytes_are_refused) {
  Aggregate a;
  a.add(sample(1.5, 1000));
  const auto bytes = bytes_of(a);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(Aggregate::decode(bytes.substr(0, size))) << size;
  EXPECT_FALSE(Aggregate::decode(bytes + "x"));
  std::string newer = bytes;
  newer[0] = 2;
  EXPECT_FALSE(Aggregate::decode(newer));
  constexpr std::size_t kMin = 1 + 4 * 8;
  for (const double min : {2.0, std::nan(""), -HUGE_VAL}) {
    std::string other = bytes;
    std::memcpy(other.data() + kMin, &min, sizeof min);
    EXPECT_FALSE(Aggregate::decode(other)) << min;
  }
}

TEST(WindowKey, bytes_sort_by_window_then_time_also_before_1970) {
  const auto bytes = [](std::string window, std::int64_t start) {
    std::string out;
    encode(WindowKey{std::move(window), start, 60, "group", "property"}, out);
    return out;
  };
  EXPECT_LT(bytes("1m", -5), bytes("1m", -4));
  EXPECT_LT(bytes("1m", -1), bytes("1m", 0));
  EXPECT_LT(bytes("1m", 255), bytes("1m", 256));
  EXPECT_LT(bytes("1h", 9), bytes("1m", 1));
}

}  // namespace
}  // namespace doppel

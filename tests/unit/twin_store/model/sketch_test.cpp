#include "twin_store/model/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

QuantileSketch sketch_of(const std::vector<double>& values) {
  QuantileSketch sketch;
  for (const double value : values) sketch.add(value);
  return sketch;
}

std::string bytes_of(const auto& summary) {
  std::string bytes;
  summary.encode(bytes);
  return bytes;
}

void expect_quantiles_within_one_percent(std::vector<double> values) {
  const QuantileSketch sketch = sketch_of(values);
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
    const double exact = values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
    EXPECT_LE(std::fabs(*sketch.quantile(q) - exact), 1.0000001 * QuantileSketch::kRelativeError * std::fabs(exact)) << "q " << q << " exact " << exact;
  }
}

TEST(QuantileSketch, is_within_one_percent_on_random_data) {
  std::mt19937_64 random(1);
  std::vector<double> uniform, normal, heavy;
  for (int i = 0; i < 20'000; ++i) {
    uniform.push_back(std::uniform_real_distribution(0.001, 1000.0)(random));
    normal.push_back(std::normal_distribution(-3.0, 50.0)(random));
    heavy.push_back(std::exp(std::normal_distribution(0.0, 1.5)(random)));
  }
  expect_quantiles_within_one_percent(uniform);
  expect_quantiles_within_one_percent(normal);
  expect_quantiles_within_one_percent(heavy);
}

TEST(QuantileSketch, is_within_one_percent_at_every_border_of_its_buckets) {
  for (double value = 1e-3; value < 1e3; value *= 1.00037) {
    const QuantileSketch one = sketch_of({value});
    EXPECT_LE(std::fabs(*one.quantile(0.5) - value), 1.0000001 * 0.01 * value) << value;
  }
  for (int exponent = -1020; exponent < 1020; exponent += 17) {
    for (const double value : {std::ldexp(1.0, exponent), std::nextafter(std::ldexp(1.0, exponent), 0.0)}) {
      EXPECT_LE(std::fabs(*sketch_of({-value}).quantile(1) + value), 1.0000001 * 0.01 * value) << value;
    }
  }
}

TEST(QuantileSketch, keeps_the_upper_quantiles_when_values_span_more_than_its_buckets) {
  std::vector<double> values;
  for (int exponent = -1000; exponent <= 1000; ++exponent) values.push_back(std::ldexp(1.5, exponent));
  const QuantileSketch sketch = sketch_of(values);
  EXPECT_LE(std::fabs(*sketch.quantile(1.0) / values.back() - 1), 0.0100001);
  EXPECT_LE(std::fabs(*sketch.quantile(0.999) / values[1998] - 1), 0.0100001);
  EXPECT_LE(bytes_of(sketch).size(), 8 * 4 + QuantileSketch::kMaxBuckets * 4);
  EXPECT_EQ(sketch.count(), values.size());
}

TEST(QuantileSketch, takes_what_is_no_ordinary_number) {
  QuantileSketch sketch = sketch_of({std::nan(""), 0.0, -0.0, std::numeric_limits<double>::denorm_min()});
  EXPECT_EQ(sketch.count(), 3u);
  EXPECT_EQ(sketch.quantile(1.0), 0.0);
  sketch.add(std::numeric_limits<double>::infinity());
  EXPECT_GT(*sketch.quantile(1.0), 1e308);
  EXPECT_TRUE(std::isfinite(*sketch.quantile(1.0)));
  EXPECT_EQ(QuantileSketch().quantile(0.5), std::nullopt);
}

TEST(QuantileSketch, merging_gives_the_bytes_of_adding_in_any_order) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20; ++round) {
    std::vector<double> all;
    std::vector<QuantileSketch> parts(5);
    for (int i = 0; i < 3000; ++i) {
      // Wide enough that the bound on buckets merges the lowest.
      const double value = std::ldexp(1.0 + std::uniform_real_distribution(0.0, 1.0)(random), static_cast<int>(random() % 60) - 30) *
                           (random() % 4 == 0 ? -1 : 1);
      all.push_back(value);
      parts[random() % parts.size()].add(value);
    }
    const std::string expected = bytes_of(sketch_of(all));
    for (int order = 0; order < 5; ++order) {
      std::shuffle(parts.begin(), parts.end(), random);
      QuantileSketch merged;
      for (const auto& part : parts) merged.merge(part);
      EXPECT_EQ(bytes_of(merged), expected);
    }
  }
}

TEST(QuantileSketch, what_is_read_back_is_the_same) {
  const QuantileSketch sketch = sketch_of({1, 2, -3, 0, 1e9});
  EXPECT_EQ(QuantileSketch::decode(bytes_of(sketch)), sketch);
}

// As version 1 wrote it: counts of fixed width.
std::string encoded(std::int32_t first, std::vector<std::uint32_t> counts) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(std::uint8_t{1});
  writer.put(std::uint64_t{0});
  writer.put(first);
  writer.put(static_cast<std::uint32_t>(counts.size()));
  for (const auto count : counts) writer.put(count);
  writer.put(std::int32_t{0});
  writer.put(std::uint32_t{0});
  return bytes;
}

TEST(QuantileSketch, what_version_1_wrote_is_still_read) {
  QuantileSketch sketch;
  for (int i = 0; i < 300; ++i) sketch.add(1.0);
  EXPECT_EQ(QuantileSketch::decode(encoded(0, {300})), sketch);
}

// Its counts were 32 bits wide, and a bucket with 2^32 values was an empty one.
TEST(QuantileSketch, a_bucket_holds_more_than_32_bits_count) {
  const auto most = *QuantileSketch::decode(encoded(50, {1, UINT32_MAX}));
  QuantileSketch sum = most;
  for (int i = 0; i < 40; ++i) sum.merge(most);
  EXPECT_EQ(sum.count(), 41 * (std::uint64_t{UINT32_MAX} + 1));
  EXPECT_EQ(sum.quantile(0.5), most.quantile(0.5));
  EXPECT_EQ(sum.quantile(1), most.quantile(1));
  EXPECT_EQ(QuantileSketch::decode(bytes_of(sum)), sum);
}

TEST(QuantileSketch, counts_that_no_sketch_writes_are_refused) {
  const auto with_zeros = [](std::string count) {
    std::string bytes;
    ByteWriter writer(bytes);
    writer.put(std::uint8_t{2});
    writer.put_raw(count);
    for (int side = 0; side < 2; ++side) writer.put(std::int32_t{0}), writer.put(std::uint32_t{0});
    return bytes;
  };
  EXPECT_EQ(QuantileSketch::decode(with_zeros("\x05"))->count(), 5u);
  EXPECT_EQ(QuantileSketch::decode(with_zeros(std::string(9, '\xff') + '\1'))->count(), UINT64_MAX);
  EXPECT_FALSE(QuantileSketch::decode(with_zeros(std::string("\x85\0", 2)))) << "longer than it needs to be";
  EXPECT_FALSE(QuantileSketch::decode(with_zeros(std::string(9, '\xff') + '\2'))) << "more than 64 bits";
  EXPECT_FALSE(QuantileSketch::decode(with_zeros(std::string(10, '\xff') + '\1')));
  std::string more = with_zeros(std::string(9, '\xff') + '\1');
  more.replace(more.size() - 12, 4, std::string("\1\0\0\0", 4)).insert(more.size() - 8, 1, '\1');
  EXPECT_FALSE(QuantileSketch::decode(more)) << "more values than count() can say";
}

TEST(QuantileSketch, bytes_that_no_sketch_makes_are_refused) {
  EXPECT_TRUE(QuantileSketch::decode(encoded(50, {1, 0, 2})));
  EXPECT_FALSE(QuantileSketch::decode(encoded(std::numeric_limits<std::int32_t>::max(), {1, 2}))) << "no value has this bucket";
  EXPECT_FALSE(QuantileSketch::decode(encoded(std::numeric_limits<std::int32_t>::min(), {1})));
  EXPECT_FALSE(QuantileSketch::decode(encoded(50, {0, 1}))) << "zeros at the end";
  EXPECT_FALSE(QuantileSketch::decode(encoded(50, {1, 0})));
  EXPECT_FALSE(QuantileSketch::decode(encoded(50, std::vector<std::uint32_t>(QuantileSketch::kMaxBuckets + 1, 1))));
  std::string longer = encoded(50, {1});
  longer += '\0';
  EXPECT_FALSE(QuantileSketch::decode(longer));
  for (std::size_t size = 0; size + 1 < longer.size(); ++size) EXPECT_FALSE(QuantileSketch::decode(longer.substr(0, size)));
}

TEST(DistinctCounter, is_exact_below_its_limit_and_within_a_few_percent_above) {
  DistinctCounter counter;
  std::uint64_t added = 0;
  for (const std::uint64_t wanted : {1u, 100u, 511u, 2000u, 20'000u, 200'000u}) {
    for (; added < wanted; ++added) counter.add(mix64(added, 9)), counter.add(mix64(added, 9));
    const auto estimate = static_cast<double>(counter.estimate());
    if (wanted < DistinctCounter::kExact) {
      EXPECT_EQ(counter.estimate(), wanted);
    } else {
      EXPECT_NEAR(estimate, static_cast<double>(wanted), 0.07 * static_cast<double>(wanted));
    }
  }
}

TEST(DistinctCounter, merging_gives_the_bytes_of_adding_in_any_order) {
  for (const std::uint64_t size : {300u, 511u, 512u, 900u, 5000u}) {
    DistinctCounter whole, left, right;
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto hash = mix64(i, 3);
      whole.add(hash);
      (i % 3 == 0 ? left : right).add(hash);
      if (i % 5 == 0) left.add(hash);
    }
    DistinctCounter one = left, other = right;
    one.merge(right), other.merge(left);
    EXPECT_EQ(bytes_of(one), bytes_of(whole)) << size;
    EXPECT_EQ(bytes_of(other), bytes_of(whole)) << size;
    EXPECT_EQ(DistinctCounter::decode(bytes_of(whole)), whole);
  }
}

TEST(DistinctCounter, bytes_that_no_counter_makes_are_refused) {
  std::string twice;
  ByteWriter writer(twice);
  writer.put(std::uint8_t{1});
  writer.put(std::uint16_t{2});
  writer.put(std::uint64_t{5});
  writer.put(std::uint64_t{5});
  EXPECT_FALSE(DistinctCounter::decode(twice));
  EXPECT_FALSE(DistinctCounter::decode(std::string(1, '\2') + std::string(2048, '\x7f'))) << "no hash has so many zeros";
  EXPECT_TRUE(DistinctCounter::decode(std::string(1, '\2') + std::string(2048, '\5')));
}

}  // namespace
}  // namespace doppel

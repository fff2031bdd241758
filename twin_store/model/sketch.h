// Mergeable summaries. Insertion uses only integer and IEEE arithmetic, no libm, so the bits are the same everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace doppel {

// Quantiles within 1 % of the value (DDSketch: Masson, Rim, Lee, VLDB 2019), with the linearly interpolated mapping: the
// bucket of x is floor(log2-like(x) * multiplier), taken from x's exponent and mantissa. At most kMaxBuckets buckets a sign;
// beyond that the buckets nearest zero are merged.
class QuantileSketch {
 public:
  static constexpr double kRelativeError = 0.01;
  static constexpr std::size_t kMaxBuckets = 1024;

  void add(double value);  // NaN is ignored, infinities count as the largest finite value
  void merge(const QuantileSketch& other);
  std::uint64_t count() const { return zero_ + positive_.total + negative_.total; }
  std::optional<double> quantile(double q) const;  // 0 <= q <= 1; nothing when empty

  // Version 2: the count of zeros, then for positive and negative values the first index (i32), the number of buckets (u32) and
  // their counts; counts as LEB128, seven bits a byte. Version 1, which is still read, has a u64 and u32s instead. The same sketch
  // gives the same bytes.
  void encode(std::string& out) const;
  static std::optional<QuantileSketch> decode(std::string_view bytes);
  bool operator==(const QuantileSketch&) const = default;

 private:
  struct Buckets {
    std::int32_t first = 0;              // index of counts[0]
    std::vector<std::uint64_t> counts;   // dense; no zero at either end
    std::uint64_t total = 0;
    void add(std::int32_t index, std::uint64_t count);
    void limit();
    bool operator==(const Buckets&) const = default;
  };

  Buckets positive_, negative_;
  std::uint64_t zero_ = 0;
};

// Number of different 64-bit hashes: exact below kExact, then HyperLogLog (Flajolet et al. 2007) with 2^11 registers,
// standard error 2.3 %.
class DistinctCounter {
 public:
  static constexpr std::size_t kExact = 512;
  static constexpr unsigned kPrecision = 11;

  void add(std::uint64_t hash);
  void merge(const DistinctCounter& other);
  std::uint64_t estimate() const;

  void encode(std::string& out) const;
  static std::optional<DistinctCounter> decode(std::string_view bytes);
  bool operator==(const DistinctCounter&) const = default;

 private:
  void to_registers();
  void add_to_registers(std::uint64_t hash);

  std::vector<std::uint64_t> exact_;     // sorted, while small
  std::vector<std::uint8_t> registers_;  // 2^kPrecision, once large
};

}  // namespace doppel

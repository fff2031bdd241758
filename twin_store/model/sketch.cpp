#include "twin_store/model/sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

// 1 / ln(gamma) with gamma = (1 + e) / (1 - e), e = 0.01: ln(gamma) = 2 atanh(e). The interpolated logarithm e + m - 1 of
// x = m 2^e grows at least as fast as ln(x), so that a bucket of this width keeps the error below e.
constexpr double kMultiplier = 49.998333288886556;
constexpr int kExponentBias = 1023;
constexpr std::uint64_t kMantissaMask = (std::uint64_t{1} << 52) - 1;

// Buckets of normal doubles only: anything smaller counts as zero.
std::int32_t bucket_of(double magnitude) {
  const auto bits = std::bit_cast<std::uint64_t>(magnitude);
  const auto exponent = static_cast<int>(bits >> 52) - kExponentBias;
  const double fraction = std::bit_cast<double>((bits & kMantissaMask) | (std::uint64_t{kExponentBias} << 52)) - 1.0;
  const double scaled = (exponent + fraction) * kMultiplier;
  const auto whole = static_cast<std::int32_t>(scaled);
  return whole - (scaled < whole ? 1 : 0);
}

// The inverse of the interpolated logarithm.
double magnitude_at(double logarithm) {
  const double exponent = std::floor(logarithm);
  return std::ldexp(1.0 + (logarithm - exponent), static_cast<int>(exponent));
}

// The value in the bucket whose relative distance to both borders is the same.
double middle_of(std::int32_t bucket) {
  const double low = magnitude_at(bucket / kMultiplier), high = magnitude_at((bucket + 1) / kMultiplier);
  return std::min(low * (2.0 / (1.0 + low / high)), std::numeric_limits<double>::max());  // high of the last bucket is infinite
}

// Of all normal doubles; an index beyond them comes from no value.
const std::int32_t kLowestBucket = bucket_of(std::numeric_limits<double>::min());
const std::int32_t kHighestBucket = bucket_of(std::numeric_limits<double>::max());

constexpr std::uint8_t kFixedWidths = 1, kSketchVersion = 2;
constexpr std::uint8_t kExactForm = 1, kRegisterForm = 2;

void put_count(ByteWriter& writer, std::uint64_t count) {
  for (; count >= 0x80; count >>= 7) writer.put(static_cast<std::uint8_t>(count | 0x80));
  writer.put(static_cast<std::uint8_t>(count));
}

// `Fixed`: its type in version 1. Nothing: longer than it needs to be, or than any count.
template <class Fixed>
std::optional<std::uint64_t> take_count(ByteReader& reader, std::uint8_t version) {
  if (version == kFixedWidths) return reader.take<Fixed>();
  std::uint64_t count = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = reader.take<std::uint8_t>();
    const std::uint64_t bits = byte & 0x7f;
    if (bits << shift >> shift != bits) return std::nullopt;
    count |= bits << shift;
    if (byte < 0x80) return byte == 0 && shift != 0 ? std::nullopt : std::optional(count);
  }
  return std::nullopt;
}

}  // namespace

void QuantileSketch::Buckets::add(std::int32_t index, std::uint64_t count) {
  total += count;
  if (counts.empty()) {
    first = index;
    counts.push_back(count);
    return;
  }
  const std::int32_t last = first + static_cast<std::int32_t>(counts.size()) - 1;
  if (index < first) {
    const auto room = static_cast<std::size_t>(first - index);
    // A bucket that limit() would merge at once goes straight to the lowest one kept.
    if (room + counts.size() > kMaxBuckets) {
      const auto kept = static_cast<std::int32_t>(kMaxBuckets);
      const std::int32_t lowest = last - kept + 1;
      counts.insert(counts.begin(), static_cast<std::size_t>(first - lowest), 0);
      first = lowest;
      counts[0] += count;
      return;
    }
    counts.insert(counts.begin(), room, 0);
    first = index;
    counts[0] = count;
    return;
  }
  if (index > last) {
    counts.resize(static_cast<std::size_t>(index - first) + 1);
    counts.back() = count;
    limit();
    return;
  }
  counts[static_cast<std::size_t>(index - first)] += count;
}

void QuantileSketch::Buckets::limit() {
  if (counts.size() <= kMaxBuckets) return;
  const std::size_t surplus = counts.size() - kMaxBuckets;
  std::uint64_t merged = 0;
  for (std::size_t i = 0; i <= surplus; ++i) merged += counts[i];
  counts.erase(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(surplus));
  counts[0] = merged;
  first += static_cast<std::int32_t>(surplus);
}

void QuantileSketch::add(double value) {
  if (std::isnan(value)) return;
  const double magnitude = std::min(std::fabs(value), std::numeric_limits<double>::max());
  if (magnitude < std::numeric_limits<double>::min()) {
    ++zero_;
    return;
  }
  (value > 0 ? positive_ : negative_).add(bucket_of(magnitude), 1);
}

void QuantileSketch::merge(const QuantileSketch& other) {
  zero_ += other.zero_;
  const auto merge_side = [](Buckets& into, const Buckets& from) {
    // From the largest down, so that the bound on buckets merges the same ones in any order of merging.
    for (std::size_t i = from.counts.size(); i-- > 0;) {
      if (from.counts[i] != 0) into.add(from.first + static_cast<std::int32_t>(i), from.counts[i]);
    }
  };
  merge_side(positive_, other.positive_);
  merge_side(negative_, other.negative_);
}

std::optional<double> QuantileSketch::quantile(double q) const {
  if (count() == 0) return std::nullopt;
  // The smallest value that at least q of all are not above: of two values p95 is the larger.
  const double wanted = q * static_cast<double>(count());
  auto rank = static_cast<std::uint64_t>(wanted);
  if (rank > 0 && static_cast<double>(rank) == wanted) --rank;
  rank = std::min(rank, count() - 1);
  std::uint64_t seen = 0;
  for (std::size_t i = negative_.counts.size(); i-- > 0;) {
    seen += negative_.counts[i];
    if (seen > rank) return -middle_of(negative_.first + static_cast<std::int32_t>(i));
  }
  seen += zero_;
  if (seen > rank) return 0.0;
  for (std::size_t i = 0; i < positive_.counts.size(); ++i) {
    seen += positive_.counts[i];
    if (seen > rank) return middle_of(positive_.first + static_cast<std::int32_t>(i));
  }
  return std::nullopt;
}

void QuantileSketch::encode(std::string& out) const {
  ByteWriter writer(out);
  writer.put(kSketchVersion);
  put_count(writer, zero_);
  for (const Buckets* side : {&positive_, &negative_}) {
    writer.put(side->first);
    writer.put(static_cast<std::uint32_t>(side->counts.size()));
    for (const auto count : side->counts) put_count(writer, count);
  }
}

std::optional<QuantileSketch> QuantileSketch::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  QuantileSketch sketch;
  const auto version = reader.take<std::uint8_t>();
  if (version != kFixedWidths && version != kSketchVersion) return std::nullopt;
  const auto zero = take_count<std::uint64_t>(reader, version);
  if (!zero) return std::nullopt;
  sketch.zero_ = *zero;
  for (Buckets* side : {&sketch.positive_, &sketch.negative_}) {
    side->first = reader.take<std::int32_t>();
    const auto size = reader.take<std::uint32_t>();
    if (size > kMaxBuckets) return std::nullopt;
    side->counts.resize(size);
    for (auto& count : side->counts) {
      const auto taken = take_count<std::uint32_t>(reader, version);
      if (!taken || *taken > std::numeric_limits<std::uint64_t>::max() - sketch.count()) return std::nullopt;
      side->total += count = *taken;
    }
    if (size == 0) continue;
    const auto above = kHighestBucket - static_cast<std::int32_t>(size);
    const bool has_zero_at_an_end = side->counts.front() == 0 || side->counts.back() == 0;
    if (side->first < kLowestBucket || side->first > above + 1 || has_zero_at_an_end) return std::nullopt;
  }
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return sketch;
}

void DistinctCounter::add(std::uint64_t hash) {
  if (!registers_.empty()) return add_to_registers(hash);
  const auto at = std::lower_bound(exact_.begin(), exact_.end(), hash);
  if (at != exact_.end() && *at == hash) return;
  exact_.insert(at, hash);
  if (exact_.size() >= kExact) to_registers();
}

void DistinctCounter::to_registers() {
  registers_.assign(std::size_t{1} << kPrecision, 0);
  for (const auto hash : exact_) add_to_registers(hash);
  exact_ = {};
}

void DistinctCounter::add_to_registers(std::uint64_t hash) {
  auto& cell = registers_[hash >> (64 - kPrecision)];
  const std::uint64_t rest = hash << kPrecision;
  const int rank = rest == 0 ? 64 - static_cast<int>(kPrecision) + 1 : std::countl_zero(rest) + 1;
  cell = std::max(cell, static_cast<std::uint8_t>(rank));
}

void DistinctCounter::merge(const DistinctCounter& other) {
  for (const auto hash : other.exact_) add(hash);
  if (other.registers_.empty()) return;
  if (registers_.empty()) to_registers();
  for (std::size_t i = 0; i < registers_.size(); ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

std::uint64_t DistinctCounter::estimate() const {
  if (registers_.empty()) return exact_.size();
  // Flajolet et al. 2007, figure 3: the raw estimate, with linear counting for small cardinalities.
  const auto m = static_cast<double>(registers_.size());
  double inverse_sum = 0;
  std::size_t empty = 0;
  for (const auto rank : registers_) {
    inverse_sum += std::ldexp(1.0, -rank);
    empty += rank == 0;
  }
  const double alpha = 0.7213 / (1.0 + 1.079 / m);
  const double raw = alpha * m * m / inverse_sum;
  const double estimate = raw <= 2.5 * m && empty != 0 ? m * std::log(m / static_cast<double>(empty)) : raw;
  return static_cast<std::uint64_t>(estimate + 0.5);
}

void DistinctCounter::encode(std::string& out) const {
  ByteWriter writer(out);
  if (!registers_.empty()) {
    writer.put(kRegisterForm);
    writer.put_raw({reinterpret_cast<const char*>(registers_.data()), registers_.size()});
    return;
  }
  writer.put(kExactForm);
  writer.put(static_cast<std::uint16_t>(exact_.size()));
  for (const auto hash : exact_) writer.put(hash);
}

std::optional<DistinctCounter> DistinctCounter::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  DistinctCounter counter;
  const auto form = reader.take<std::uint8_t>();
  if (form == kRegisterForm) {
    const auto cells = reader.take_raw(std::size_t{1} << kPrecision);
    counter.registers_.assign(cells.begin(), cells.end());
    const auto possible = [](std::uint8_t rank) { return rank <= 64 - kPrecision + 1; };
    if (!std::all_of(counter.registers_.begin(), counter.registers_.end(), possible)) return std::nullopt;
  } else if (form == kExactForm) {
    const auto size = reader.take<std::uint16_t>();
    if (size >= kExact) return std::nullopt;
    counter.exact_.resize(size);
    for (auto& hash : counter.exact_) hash = reader.take<std::uint64_t>();
    const auto not_growing = std::adjacent_find(counter.exact_.begin(), counter.exact_.end(), std::greater_equal<>());
    if (not_growing != counter.exact_.end()) return std::nullopt;
  } else {
    return std::nullopt;
  }
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return counter;
}

}  // namespace doppel

#include "twin_store/model/aggregate.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kAggregateVersion = 1;

auto order_of(const Sample& s) { return std::tuple(s.time, s.edge_hash, s.position); }

void put(ByteWriter& writer, const Sample& s) {
  writer.put(s.value);
  writer.put(to_nanoseconds(s.time));
  writer.put(s.edge_hash);
  writer.put(s.position);
}

Sample take_sample(ByteReader& reader) {
  Sample s;
  s.value = reader.take<double>();
  s.time = from_nanoseconds(reader.take<std::int64_t>());
  s.edge_hash = reader.take<std::uint64_t>();
  s.position = reader.take<std::uint64_t>();
  return s;
}

}  // namespace

void Aggregate::add(const Sample& sample) {
  const double x = sample.value;
  if (count_++ == 0) {
    mean_ = min_ = max_ = x;
    first_ = last_ = sample;
  } else {
    const double delta = x - mean_;
    mean_ += delta / static_cast<double>(count_);
    m2_ += delta * (x - mean_);
    if (x < min_) min_ = x;
    if (x > max_) max_ = x;
    if (order_of(sample) < order_of(first_)) first_ = sample;
    if (order_of(sample) >= order_of(last_)) last_ = sample;
  }
  sum_ += x;
  quantiles_.add(x);
}

void Aggregate::merge(const Aggregate& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  const auto n = static_cast<double>(count_), m = static_cast<double>(other.count_);
  const double delta = other.mean_ - mean_;
  mean_ += delta * (m / (n + m));
  m2_ += other.m2_ + delta * delta * (n * m / (n + m));
  count_ += other.count_;
  sum_ += other.sum_;
  if (other.min_ < min_) min_ = other.min_;
  if (other.max_ > max_) max_ = other.max_;
  if (order_of(other.first_) < order_of(first_)) first_ = other.first_;
  if (order_of(other.last_) > order_of(last_)) last_ = other.last_;
  quantiles_.merge(other.quantiles_);
}

std::optional<double> Aggregate::quantile(double q) const {
  const auto estimate = quantiles_.quantile(q);
  if (!estimate) return estimate;
  return std::max(min_, std::min(max_, *estimate));
}

void Aggregate::encode(std::string& out) const {
  ByteWriter writer(out);
  writer.put(kAggregateVersion);
  writer.put(count_);
  for (const double x : {mean_, m2_, sum_, min_, max_}) writer.put(x);
  put(writer, first_);
  put(writer, last_);
  quantiles_.encode(out);
}

std::optional<Aggregate> Aggregate::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  Aggregate a;
  if (reader.take<std::uint8_t>() != kAggregateVersion) return std::nullopt;
  a.count_ = reader.take<std::uint64_t>();
  for (double* x : {&a.mean_, &a.m2_, &a.sum_, &a.min_, &a.max_}) *x = reader.take<double>();
  a.first_ = take_sample(reader);
  a.last_ = take_sample(reader);
  auto quantiles = QuantileSketch::decode(reader.take_raw(reader.left()));
  const bool is_range = std::isfinite(a.min_) && std::isfinite(a.max_) && a.min_ <= a.max_;
  if (!reader.ok() || !quantiles || !is_range) return std::nullopt;
  a.quantiles_ = std::move(*quantiles);
  return a;
}

bool Aggregate::operator==(const Aggregate& other) const {
  std::string a, b;
  encode(a);
  other.encode(b);
  return a == b;
}

}  // namespace doppel

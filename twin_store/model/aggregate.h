// The statistics of one window row. Contributions of different edges add: merge() is exact for count, min, max, first and
// last, and numerically stable for mean and M2 (Chan, Golub, LeVeque 1979).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/model/sketch.h"
#include "twin_store/model/time.h"

namespace doppel {

// One observed value with what breaks ties between equal times.
struct Sample {
  double value = 0;
  Timestamp time;
  std::uint64_t edge_hash = 0;  // hash64 of the edge's name
  std::uint64_t position = 0;   // in that edge's journal
};

class Aggregate {
 public:
  void add(const Sample& sample);  // value is finite: others are the caller's to count
  void merge(const Aggregate& other);

  std::uint64_t count() const { return count_; }
  double mean() const { return mean_; }
  double m2() const { return m2_; }  // sum of squared differences from the mean
  double sum() const { return sum_; }  // in order of addition
  double min() const { return min_; }
  double max() const { return max_; }
  const Sample& first() const { return first_; }
  const Sample& last() const { return last_; }
  // Within 1 % of the value, and never beyond min() and max(). Nothing when nothing was added.
  std::optional<double> quantile(double q) const;
  const QuantileSketch& quantiles() const { return quantiles_; }

  void encode(std::string& out) const;  // version byte first; the same aggregate gives the same bytes
  static std::optional<Aggregate> decode(std::string_view bytes);
  bool operator==(const Aggregate& other) const;

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0, m2_ = 0, sum_ = 0, min_ = 0, max_ = 0;
  Sample first_, last_;
  QuantileSketch quantiles_;
};

}  // namespace doppel

// Metrics in the Prometheus text format 0.0.4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace doppel {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

// One sample. Counters end in _total; units are _seconds and _bytes. A label never holds a twin, a topic or a client id:
// their number has no bound. Samples of a histogram are named NAME_bucket (label le), NAME_sum and NAME_count.
struct MetricSample {
  std::string name;
  std::string help;
  MetricType type = MetricType::gauge;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

inline constexpr std::string_view kMetricsMediaType = "text/plain; version=0.0.4; charset=utf-8";

// Families in the order of their first sample, each with one HELP and one TYPE line, whatever the order of the samples.
std::string prometheus_text(const std::vector<MetricSample>& samples);

}  // namespace doppel

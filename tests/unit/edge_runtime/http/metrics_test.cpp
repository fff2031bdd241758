#include "edge_runtime/http/metrics.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

namespace doppel {
namespace {

std::vector<MetricSample> example() {
  return {{"doppel_events_total", "Events applied.", MetricType::counter, {{"source", "mqtt"}}, 1e7},
          {"doppel_uptime_seconds", "Since start.", MetricType::gauge, {}, 1.5},
          {"doppel_events_total", "Events applied.", MetricType::counter, {{"source", "a\"b\\c\nd"}}, 2},
          {"doppel_run_seconds_bucket", "Runs.", MetricType::histogram, {{"le", "0.001"}}, 3},
          {"doppel_run_seconds_bucket", "Runs.", MetricType::histogram, {{"le", "+Inf"}}, 4},
          {"doppel_run_seconds_sum", "Runs.", MetricType::histogram, {}, 0.25},
          {"doppel_run_seconds_count", "Runs.", MetricType::histogram, {}, 4}};
}

TEST(Metrics, Samples_of_a_family_stand_together_under_one_help_and_one_type) {
  EXPECT_EQ(prometheus_text(example()),
            "# HELP doppel_events_total Events applied.\n"
            "# TYPE doppel_events_total counter\n"
            "doppel_events_total{source=\"mqtt\"} 1e+07\n"
            "doppel_events_total{source=\"a\\\"b\\\\c\\nd\"} 2\n"
            "# HELP doppel_uptime_seconds Since start.\n"
            "# TYPE doppel_uptime_seconds gauge\n"
            "doppel_uptime_seconds 1.5\n"
            "# HELP doppel_run_seconds Runs.\n"
            "# TYPE doppel_run_seconds histogram\n"
            "doppel_run_seconds_bucket{le=\"0.001\"} 3\n"
            "doppel_run_seconds_bucket{le=\"+Inf\"} 4\n"
            "doppel_run_seconds_sum 0.25\n"
            "doppel_run_seconds_count 4\n");
}

TEST(Metrics, Numbers_that_are_no_numbers_have_the_formats_own_words) {
  constexpr auto kInfinity = std::numeric_limits<double>::infinity();
  const auto text = prometheus_text({{"a", "h", MetricType::gauge, {}, std::numeric_limits<double>::quiet_NaN()},
                                     {"b", "h", MetricType::gauge, {}, kInfinity},
                                     {"c", "h", MetricType::gauge, {}, -kInfinity}});
  EXPECT_NE(text.find("a NaN\n"), std::string::npos);
  EXPECT_NE(text.find("b +Inf\n"), std::string::npos);
  EXPECT_NE(text.find("c -Inf\n"), std::string::npos);
}

TEST(Metrics, Promtool_accepts_the_text) {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool (package prometheus) is not installed";
  const auto file = std::filesystem::temp_directory_path() / "doppel_metrics_test.txt";
  std::ofstream(file) << prometheus_text(example());
  EXPECT_EQ(std::system(("promtool check metrics <" + file.string()).c_str()), 0);
}

}  // namespace
}  // namespace doppel

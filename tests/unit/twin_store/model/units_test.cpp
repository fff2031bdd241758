#include "twin_store/model/units.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

using namespace std::chrono_literals;

TEST(Units, durations_are_exact_and_need_a_unit) {
  EXPECT_EQ(duration_from("100ms"), Duration(100ms));
  EXPECT_EQ(duration_from("1.5 h"), Duration(90min));
  EXPECT_EQ(duration_from("0.1 s"), Duration(100ms));
  EXPECT_EQ(duration_from("7 d"), Duration(24h * 7));
  EXPECT_EQ(duration_from("5m"), duration_from("5 min"));
  EXPECT_EQ(duration_from("5m"), Duration(5min));
  for (const char* bad : {"", "5", "5 parsecs", "-1 s", "1..5 s", ".5 s", "5. s", "0.5 ns", "300 y", "99999999 d", "1 s "}) {
    EXPECT_FALSE(duration_from(bad)) << bad;
  }
}

TEST(Units, sizes_know_both_families) {
  EXPECT_EQ(size_from("16 MiB"), 16u << 20);
  EXPECT_EQ(size_from("16MB"), 16'000'000u);
  EXPECT_EQ(size_from("0.5 KiB"), 512u);
  EXPECT_EQ(size_from("0 B"), 0u);
  for (const char* bad : {"16", "16 mb", "0.3 B", "9999999999 GiB"}) EXPECT_FALSE(size_from(bad)) << bad;
}

TEST(Units, formatting_reads_back_the_same) {
  EXPECT_EQ(format_duration(90s), "90 s");
  EXPECT_EQ(format_duration(24h), "1 d");
  EXPECT_EQ(format_duration(5min), "5 min");
  EXPECT_EQ(format_duration(0s), "0 s");
  EXPECT_EQ(format_size(16u << 20), "16 MiB");
  for (const Duration d : {Duration(1), Duration(1500ms), Duration(3h)}) EXPECT_EQ(duration_from(format_duration(d)), d);
}

}  // namespace
}  // namespace doppel

#include "edge_runtime/programs/log_writer.h"

#include <gtest/gtest.h>

#include <vector>

namespace doppel {
namespace {

using namespace std::chrono_literals;

class LogWriterTest : public testing::Test {
 protected:
  LogWriter writer(LogLevel level, LogFormat format) {
    return LogWriter({level, format}, clock_, [this](std::string_view line) { lines_.emplace_back(line); });
  }
  ManualClock clock_{from_nanoseconds(1'767'323'045'678'000'000)};
  std::vector<std::string> lines_;
};

TEST_F(LogWriterTest, a_line_has_time_level_event_and_fields) {
  writer(LogLevel::info, LogFormat::text).info("mqtt_connected", {{"source", "mqtt"}, {"reason", "two words\n"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0], "2026-01-02T03:04:05.678Z info mqtt_connected source=mqtt reason=\"two words\\u000a\"\n");
}

TEST_F(LogWriterTest, json_lines_are_objects) {
  writer(LogLevel::info, LogFormat::json).error("disk_full", {{"file", "a\"b"}});
  EXPECT_EQ(lines_[0],
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"error\",\"event\":\"disk_full\",\"file\":\"a\\\"b\"}\n");
}

TEST_F(LogWriterTest, lower_levels_are_not_said) {
  writer(LogLevel::warning, LogFormat::text).info("started", {});
  EXPECT_TRUE(lines_.empty());
}

TEST_F(LogWriterTest, a_cause_that_repeats_is_held_back_and_counted_and_silences_no_other) {
  auto log = writer(LogLevel::info, LogFormat::text);
  for (int i = 0; i < 1000; ++i) log.warning("bad_payload", {});
  EXPECT_EQ(lines_.size(), LogWriter::kLinesPerStretch);
  log.warning("other", {});
  EXPECT_EQ(lines_.size(), LogWriter::kLinesPerStretch + 1);
  clock_.advance(LogWriter::kStretch);
  log.warning("bad_payload", {});
  EXPECT_NE(lines_.back().find("bad_payload held_back=990"), std::string::npos);
}

}  // namespace
}  // namespace doppel

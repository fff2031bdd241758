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
  ASSERT_EQ(lines_.size(), LogWriter::kLinesPerStretch + 3);
  EXPECT_NE(lines_[lines_.size() - 2].find("warning bad_payload held_back=990\n"), std::string::npos);
}

TEST_F(LogWriterTest, one_function_or_broker_that_repeats_does_not_silence_another) {
  auto log = writer(LogLevel::info, LogFormat::text);
  for (int i = 0; i < 100; ++i) log.info("function_log", {{"function", "chatty"}, {"text", std::to_string(i)}});
  EXPECT_EQ(lines_.size(), LogWriter::kLinesPerStretch);
  log.info("function_log", {{"function", "calm"}, {"text", "once"}});
  log.warning("mqtt_connect_failed", {{"broker", "mqtt://a"}, {"reason", "refused"}});
  log.warning("mqtt_connect_failed", {{"broker", "mqtt://a"}, {"reason", "wrong password"}});
  EXPECT_EQ(lines_.size(), LogWriter::kLinesPerStretch + 3);
}

TEST_F(LogWriterTest, what_was_held_back_is_told_when_the_stretch_ends_though_nothing_follows) {
  auto log = writer(LogLevel::info, LogFormat::text);
  for (int i = 0; i < 12; ++i) log.info("function_log", {{"function", "chatty"}, {"text", "x"}});
  for (int i = 0; i < 3; ++i) log.info("function_log", {{"function", "calm"}, {"text", "x"}});
  log.tell_held_back();
  EXPECT_EQ(lines_.size(), 13u) << "the stretch is not over";
  clock_.advance(LogWriter::kStretch);
  log.tell_held_back();
  ASSERT_EQ(lines_.size(), 14u);
  EXPECT_NE(lines_.back().find("info function_log function=chatty held_back=2\n"), std::string::npos) << lines_.back();
  log.tell_held_back();
  EXPECT_EQ(lines_.size(), 14u) << "told once";
}

TEST_F(LogWriterTest, what_was_held_back_is_told_at_the_end) {
  {
    auto log = writer(LogLevel::info, LogFormat::json);
    for (int i = 0; i < 11; ++i) log.error("disk_full", {{"reason", "no space"}});
  }
  EXPECT_NE(lines_.back().find(R"("event":"disk_full","reason":"no space","held_back":"1"})"), std::string::npos) << lines_.back();
}

TEST_F(LogWriterTest, causes_are_bounded_and_further_ones_of_an_event_share) {
  auto log = writer(LogLevel::info, LogFormat::text);
  for (std::size_t i = 0; i < 10 * LogWriter::kMostCauses; ++i) log.info("refused", {{"reason", std::to_string(i)}});
  EXPECT_EQ(lines_.size(), LogWriter::kMostCauses + LogWriter::kLinesPerStretch);
  log.info("other", {});
  EXPECT_EQ(lines_.size(), LogWriter::kMostCauses + LogWriter::kLinesPerStretch + 1);
}

}  // namespace
}  // namespace doppel

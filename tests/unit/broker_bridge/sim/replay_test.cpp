#include "broker_bridge/sim/replay.h"

#include <gtest/gtest.h>

#include <sstream>

#include "broker_bridge/sim/csv.h"

namespace doppel {
namespace {

struct Replayed {
  std::vector<SimMessage> messages;
  std::string error;
};

Replayed replay(const std::string& table, const ReplayOptions& options = {}) {
  Replayed result;
  auto opened = Replay::open(std::make_unique<std::istringstream>(table), "data/machine.csv", options);
  if (!opened) return {{}, opened.error().message};
  for (SimMessage message; (*opened)->next(message);) result.messages.push_back(message);
  if ((*opened)->error()) result.error = (*opened)->error()->message;
  return result;
}

TEST(Replay, rows_become_messages_at_the_distance_of_their_times) {
  const auto got = replay("timestamp,value\n2014-01-01 00:00:00,1.5\n2014-01-01 00:05:00,2\n");
  ASSERT_EQ(got.messages.size(), 2u);
  EXPECT_EQ(got.messages[0].topic, "replay/machine");
  EXPECT_EQ(got.messages[0].payload, R"({"ts":"2014-01-01T00:00:00Z","value":1.5})");
  EXPECT_EQ(got.messages[1].at, std::chrono::minutes(5));
}

TEST(Replay, topics_take_columns_and_fields_can_be_chosen_and_renamed) {
  ReplayOptions options;
  options.topic = "engine/{unit}";
  options.columns = {"unit", "cycle", "s1", "s2"};
  options.fields = {{"s1", "fan"}, {"cycle", "cycle"}};
  options.rate = 10;
  const auto got = replay("7 1 0.5 0.25 \n7 2 0.6 0.26\n", options);
  ASSERT_EQ(got.messages.size(), 2u) << got.error;
  EXPECT_EQ(got.messages[0].topic, "engine/7");
  EXPECT_EQ(got.messages[0].payload, R"({"fan":0.5,"cycle":1})");
  EXPECT_EQ(got.messages[1].at, std::chrono::milliseconds(100));
}

TEST(Replay, times_can_be_moved_to_now) {
  ReplayOptions options;
  options.shift_to = true;
  options.start = from_nanoseconds(1'700'000'000'000'000'000);
  const auto got = replay("time;a\n2014-01-01T00:00:00Z;1\n2014-01-01T00:00:09Z;\n", options);
  ASSERT_EQ(got.messages.size(), 2u);
  EXPECT_EQ(got.messages[1].payload, R"({"ts":"2023-11-14T22:13:29Z"})");
}

TEST(Replay, a_row_that_does_not_fit_ends_it_with_its_number) {
  const auto got = replay("a,b\n1,2\n3\n");
  EXPECT_EQ(got.messages.size(), 1u);
  EXPECT_EQ(got.error, "data/machine.csv, row 2: 1 cells, the header has 2");
}

TEST(Replay, a_column_that_is_not_there_is_named_with_those_that_are) {
  ReplayOptions options;
  options.fields = {{"c", "c"}};
  EXPECT_EQ(replay("a,b\n1,2\n", options).error, "data/machine.csv: there is no column \"c\", there are a, b");
  options = {};
  options.topic = "x/{c}";
  EXPECT_NE(replay("a,b\n1,2\n", options).error, "");
  EXPECT_EQ(replay("").error, "data/machine.csv: there are no rows");
}

TEST(Replay, a_cell_that_makes_no_topic_ends_it) {
  ReplayOptions options;
  options.topic = "x/{a}";
  EXPECT_NE(replay("a,b\n#,2\n", options).error, "");
}

TEST(Csv, separators_quotes_and_blanks) {
  EXPECT_EQ(split_row("a,\"b \"\"x\"\", c\",,d", ','), (std::vector<std::string>{"a", "b \"x\", c", "", "d"}));
  EXPECT_EQ(split_row("  1   2 3 ", ' '), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(separator_of("a;b;c,d"), ';');
  EXPECT_EQ(separator_of("1 2 3"), ' ');
}

}  // namespace
}  // namespace doppel

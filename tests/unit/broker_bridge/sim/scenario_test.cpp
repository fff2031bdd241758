#include "broker_bridge/sim/scenario.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

const std::string kSmall = R"(
[[devices]]
topic = "a/{n:2}"
[devices.fields]
v = 1
)";

std::string problems(const std::string& toml) {
  const auto scenario = parse_scenario(toml);
  return scenario ? "" : scenario.error().message;
}

TEST(Scenario, the_shipped_ones_are_good) {
  for (const char* name : {"plant", "city"}) {
    const auto scenario = load_scenario(std::string(DOPPEL_SOURCE_DIR) + "/deploy/scenarios/" + name + ".toml");
    ASSERT_TRUE(scenario) << scenario.error().message;
    std::uint32_t devices = 0;
    for (const auto& group : scenario->groups) devices += group.count;
    EXPECT_GE(devices, 100u) << name;
  }
}

TEST(Scenario, fields_keep_the_order_of_the_file) {
  const auto scenario = parse_scenario("[[devices]]\ntopic = \"a\"\n[devices.fields]\nz = 1\na = 2\nm = 3\n");
  ASSERT_TRUE(scenario);
  std::string order;
  for (const auto& field : scenario->groups[0].fields) order += field.name;
  EXPECT_EQ(order, "zam");
}

TEST(Scenario, everything_that_is_wrong_is_said_at_once_with_its_line) {
  EXPECT_EQ(problems(R"(seed = "x"
sped = 2
[[devices]]
topic = "a/{area}/+"
count = 0
disorder = "soon"
[devices.fields]
t = { kind = "walk", start = 5, min = 10, max = 20 }
u = { kind = "sin" }
)"),
            "line 1: scenario: seed = \"x\": not a whole number, allowed are 0 to 9e+15\n"
            "line 5: devices 1: count = 0: out of range, allowed are 1 to 1e+06\n"
            "line 6: devices 1: disorder = \"soon\": not a duration such as \"500 ms\", \"30 s\", \"5 min\", \"2 h\" or \"1 d\"\n"
            "line 4: devices 1: topic = \"a/{area}/+\": {area} is neither {n} nor a key of parts\n"
            "line 4: devices 1: topic = \"a/{area}/+\": topic \"a/{area}/+\" contains a wildcard, + or #\n"
            "line 8: devices 1.fields.t: start is not between min and max\n"
            "line 9: devices 1.fields.u: kind = \"sin\": allowed are constant, sine, walk, choice, counter\n"
            "line 2: scenario: sped = 2: there is no such key here");
}

TEST(Scenario, text_that_is_no_toml_is_refused_with_its_line) {
  EXPECT_TRUE(problems("a = 1\nb = = 2\n").starts_with("line 2:5: ")) << problems("a = 1\nb = = 2\n");
}

TEST(Scenario, a_text_that_the_parser_may_not_get_is_refused_with_its_line) {
  EXPECT_EQ(problems("seed = 1\nb = 8\"é\""), "line 2:6: a quote inside a key or value");
}

TEST(Scenario, a_file_that_is_not_there_is_named) {
  EXPECT_EQ(load_scenario("/nowhere/x.toml").error().message, "scenario \"/nowhere/x.toml\" cannot be opened");
}

TEST(Scenario, the_command_line_overrides_the_file) {
  auto scenario = parse_scenario(kSmall).value();
  ScenarioOverrides overrides;
  overrides.devices = 10;
  overrides.rate = 50;
  overrides.loss_percent = 5;
  overrides.qos = 2;
  ASSERT_TRUE(apply(overrides, scenario));
  EXPECT_EQ(scenario.groups[0].count, 10u);
  EXPECT_DOUBLE_EQ(scenario.groups[0].rate, 5);
  EXPECT_EQ(scenario.groups[0].loss_percent, 5);
  EXPECT_EQ(scenario.groups[0].qos, 2);
  overrides.loss_percent = 101;
  EXPECT_FALSE(apply(overrides, scenario));
}

TEST(Scenario, durations_are_written_as_in_a_configuration) {
  for (const char* text : {"5m", "5 min", "300 s"}) {
    const auto scenario = parse_scenario("duration = \"" + std::string(text) + "\"\n" + kSmall);
    ASSERT_TRUE(scenario) << scenario.error().message;
    EXPECT_EQ(scenario->duration, std::chrono::minutes(5)) << text;
  }
}

}  // namespace
}  // namespace doppel

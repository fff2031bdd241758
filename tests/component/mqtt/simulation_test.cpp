#include "broker_bridge/sim/simulation.h"

#include <gtest/gtest.h>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

constexpr const char* kScenario = R"(
duration = "20s"
speed = 10
[[devices]]
count = 20
rate = 2
qos = 1
topic = "plant/{n}"
[devices.fields]
v = { kind = "walk", start = 5, min = 0, max = 10 }
)";

TEST(SimulationOverMqtt, every_message_of_a_scenario_reaches_the_broker) {
  if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
  const Mosquitto broker;
  FakeJournal journal;
  RunningSource source(source_options(broker.url()), journal);
  ASSERT_TRUE(source.is_connected());
  const auto report = run_scenario(parse_scenario(kScenario).value(), source_options(broker.url()).broker, {}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->sent, 800u);
  EXPECT_EQ(report->failed, 0u);
  EXPECT_GE(report->elapsed, std::chrono::milliseconds(1800));
  EXPECT_TRUE(eventually([&] { return journal.entries().size() == 800; }));
}

TEST(SimulationOverMqtt, a_table_is_replayed_row_by_row) {
  if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
  const Mosquitto broker;
  const TemporaryFolder folder;
  const auto file = folder.write("machine.csv", "timestamp,value\n2014-01-01 00:00:00,1.5\n2014-01-01 00:05:00,2\n").string();
  FakeJournal journal;
  RunningSource source(source_options(broker.url()), journal);
  ASSERT_TRUE(source.is_connected());
  const auto report = replay_csv(file, {}, 3000, source_options(broker.url()).broker, {}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->sent, 2u);
  ASSERT_TRUE(eventually([&] { return journal.entries().size() == 2; }));
  EXPECT_EQ(journal.entries()[1].payload, R"({"ts":"2014-01-01T00:05:00Z","value":2})");
}

}  // namespace
}  // namespace doppel

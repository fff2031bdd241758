#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

class Source : public testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
    broker_.emplace();
  }
  bool journaled(std::size_t count) {
    return eventually([&] { return journal_.entries().size() >= count; });
  }
  MqttBroker broker() const { return source_options(broker_->url()).broker; }

  std::optional<Mosquitto> broker_;
  FakeJournal journal_;
};

TEST_F(Source, journals_what_devices_send_with_their_quality_of_service) {
  RunningSource source(source_options(broker_->url()), journal_);
  ASSERT_TRUE(source.is_connected());
  EXPECT_EQ(source.counters().version, 5);
  Device device(broker());
  EXPECT_TRUE(device.send("plant/p1", "{\"a\":1}", 1));
  EXPECT_TRUE(device.send("plant/p1", "zero", 0));
  EXPECT_TRUE(device.send("plant/p1", "two", 2));
  ASSERT_TRUE(journaled(3));
  const auto entries = journal_.entries();
  EXPECT_EQ(entries[0].topic, "plant/p1");
  EXPECT_EQ(entries[0].payload, "{\"a\":1}");
  EXPECT_EQ(entries[0].delivery.qos, 1);
  EXPECT_NE(entries[0].delivery.packet_id, 0);
  EXPECT_EQ(entries[1].delivery.qos, 0);
  EXPECT_EQ(entries[1].delivery.packet_id, 0);
  EXPECT_EQ(entries[2].payload, "two");
  EXPECT_EQ(entries[2].delivery.qos, 1);
}

TEST_F(Source, says_how_it_is_since_when_and_what_went_wrong) {
  RunningSource source(source_options(broker_->url()), journal_);
  ASSERT_TRUE(source.is_connected());
  const auto at_first = source.state();
  EXPECT_TRUE(at_first.connected);
  EXPECT_EQ(at_first.last_error, "");
  broker_->stop();
  ASSERT_TRUE(eventually([&] { return !source.state().connected && source.state().last_error.find("connect") != std::string::npos; }));
  EXPECT_GT(source.state().since, at_first.since);
}

TEST_F(Source, Rule15_the_broker_keeps_what_comes_while_the_source_is_away) {
  { ASSERT_TRUE(RunningSource(source_options(broker_->url()), journal_).is_connected()); }
  Device device(broker());
  EXPECT_TRUE(device.send("a", "missed 1"));
  EXPECT_TRUE(device.send("a", "missed 2"));
  auto options = source_options(broker_->url());
  options.first_session = 40;
  RunningSource source(options, journal_);
  ASSERT_TRUE(journaled(2));
  EXPECT_EQ(journal_.entries()[0].payload, "missed 1");
  EXPECT_EQ(journal_.entries()[1].payload, "missed 2");
  EXPECT_EQ(journal_.entries()[0].delivery.session, 40u);
}

TEST_F(Source, a_retained_message_is_journaled_as_one) {
  Device device(broker());
  ASSERT_TRUE(device.send({.topic = "a/b", .payload = "kept", .qos = 1, .retain = true}));
  RunningSource source(source_options(broker_->url()), journal_);
  ASSERT_TRUE(journaled(1));
  EXPECT_TRUE(journal_.entries()[0].delivery.retained);
}

TEST_F(Source, comes_back_when_the_broker_does) {
  RunningSource source(source_options(broker_->url()), journal_);
  ASSERT_TRUE(source.is_connected());
  broker_->stop();
  ASSERT_TRUE(eventually([&] { return !source.counters().connected.load(); }));
  broker_->start();
  ASSERT_TRUE(source.is_connected());
  EXPECT_GE(source.counters().connects, 2u);
  EXPECT_EQ(source.counters().version, 5);
  Device device(broker());
  EXPECT_TRUE(device.send("a", "after"));
  EXPECT_TRUE(journaled(1));
}

TEST_F(Source, ends_subscriptions_that_the_configuration_no_longer_has) {
  const auto disk = std::make_shared<FaultyDisk>();
  const auto run = [&](std::vector<MqttSubscription> subscriptions) {
    auto options = source_options(broker_->url());
    options.subscriptions = std::move(subscriptions);
    return std::make_unique<RunningSource>(options, journal_, [](const std::string&) {}, disk);
  };
  ASSERT_TRUE(run({{"old/#", 1}, {"kept/#", 1}})->is_connected());
  disk->cut_power(1);
  // Of this configuration the broker never hears: it is the one after it that ends what the first began.
  broker_->stop();
  run({{"never/#", 1}, {"kept/#", 1}});
  broker_->start();
  const auto source = run({{"new/#", 1}, {"kept/#", 1}});
  ASSERT_TRUE(source->is_connected());
  Device device(broker());
  for (const char* topic : {"old/a", "kept/a", "new/a"}) EXPECT_TRUE(device.send(topic, topic));
  ASSERT_TRUE(eventually([&] { return !journal_.entries().empty() && journal_.entries().back().payload == "new/a"; }));
  EXPECT_EQ(journal_.entries().size(), 2u);
  EXPECT_EQ(journal_.entries().front().payload, "kept/a");
}

TEST_F(Source, MQTT_5_facts_beside_the_payload_become_headers) {
  RunningSource source(source_options(broker_->url()), journal_);
  ASSERT_TRUE(source.is_connected());
  Device device(broker());
  EXPECT_TRUE(device.send({.topic = "a", .payload = "x", .qos = 1, .id = "c0ffee.1.2.3"}));
  ASSERT_TRUE(journaled(1));
  EXPECT_EQ(find_header(journal_.entries()[0].headers, HeaderTag::user_property), std::string_view("doppel-id\0c0ffee.1.2.3", 22));
}

TEST_F(Source, a_payload_over_the_limit_is_journaled_cut) {
  auto options = source_options(broker_->url());
  options.max_payload = 100'000;
  RunningSource source(options, journal_);
  ASSERT_TRUE(source.is_connected());
  Device device(broker());
  EXPECT_TRUE(device.send("a", std::string(1 << 20, 'x')));
  ASSERT_TRUE(journaled(1));
  EXPECT_EQ(journal_.entries()[0].payload.size(), kTruncatedPayload);
}

TEST_F(Source, speaks_3_1_1_like_5) {
  Device device(broker(), MqttVersion::v3_1_1);
  RunningSource source(source_options(broker_->url()), journal_);
  ASSERT_TRUE(source.is_connected());
  EXPECT_TRUE(device.send("a", "old", 1));
  ASSERT_TRUE(journaled(1));
  EXPECT_EQ(journal_.entries()[0].payload, "old");
}

}  // namespace
}  // namespace doppel

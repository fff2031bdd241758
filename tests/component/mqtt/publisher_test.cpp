#include "broker_bridge/mqtt/publisher.h"

#include <gtest/gtest.h>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

class Publisher : public testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
    broker_.emplace();
    options_.broker = source_options(broker_->url()).broker;
    options_.client_id = "edge-under-test-out";
  }
  void start() {
    publisher_ = std::move(MqttPublisher::make(options_, [this] { ++rooms_; }, clock_, log_)).value();
    publisher_->start();
  }
  // The answer: 1 delivered, -1 failed, 0 refused at once.
  int publish(const Publication& publication) {
    auto answer = std::make_shared<std::atomic<int>>(0);
    const auto ok = publisher_->publish(publication, [answer](const Result<void>& result) { *answer = result ? 1 : -1; });
    if (!ok) return 0;
    eventually([&] { return *answer != 0; });
    return *answer;
  }

  SystemClock clock_;
  NullLog log_;
  std::atomic<int> rooms_{0};
  std::optional<Mosquitto> broker_;
  MqttPublisherOptions options_;
  std::unique_ptr<MqttPublisher> publisher_;
};

TEST_F(Publisher, delivers_at_every_quality_of_service) {
  FakeJournal journal;
  RunningSource listener(source_options(broker_->url()), journal);
  ASSERT_TRUE(listener.is_connected());
  start();
  ASSERT_TRUE(eventually([&] { return publisher_->room() > 0; }));
  for (std::uint8_t qos = 0; qos <= 2; ++qos) EXPECT_EQ(publish({.topic = "out", .payload = std::to_string(qos), .qos = qos}), 1);
  ASSERT_TRUE(eventually([&] { return journal.entries().size() == 3; }));
  EXPECT_EQ(publisher_->counters().in_flight, 0u);
  EXPECT_GE(rooms_, 3);
}

TEST_F(Publisher, our_own_source_does_not_take_what_we_publish_in_MQTT_5) {
  FakeJournal journal;
  auto options = source_options(broker_->url());
  options.own_publications = "c0ffee.";
  RunningSource source(options, journal);
  ASSERT_TRUE(source.is_connected());
  start();
  ASSERT_TRUE(eventually([&] { return publisher_->room() > 0; }));
  EXPECT_EQ(publish({.topic = "out", .payload = "own", .qos = 1, .id = "c0ffee.1.2.3"}), 1);
  ASSERT_TRUE(eventually([&] { return source.counters().own_dropped == 1; }));
  EXPECT_TRUE(journal.entries().empty());
}

TEST_F(Publisher, fails_at_once_without_a_connection_and_works_again_with_one) {
  start();
  ASSERT_TRUE(eventually([&] { return publisher_->room() > 0; }));
  broker_->stop();
  ASSERT_TRUE(eventually([&] { return publisher_->room() == 0; }));
  EXPECT_EQ(publish({.topic = "out", .qos = 1}), 0);
  broker_->start();
  ASSERT_TRUE(eventually([&] { return publisher_->room() > 0; }));
  EXPECT_EQ(publish({.topic = "out", .qos = 1}), 1);
}

TEST_F(Publisher, refuses_what_no_broker_takes) {
  start();
  ASSERT_TRUE(eventually([&] { return publisher_->room() > 0; }));
  EXPECT_EQ(publisher_->publish({.topic = "a/#"}, [](const Result<void>&) {}).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(publisher_->publish({.topic = "a", .qos = 3}, [](const Result<void>&) {}).error().code, ErrorCode::invalid_input);
}

TEST_F(Publisher, stops_with_an_answer_for_everything) {
  options_.max_in_flight = 200;
  start();
  ASSERT_TRUE(eventually([&] { return publisher_->room() > 0; }));
  int accepted = 0;
  std::atomic<int> answered{0};
  for (int i = 0; i < 1000; ++i)
    if (publisher_->publish({.topic = "out", .qos = 2}, [&](const Result<void>&) { ++answered; })) ++accepted;
  publisher_->stop();
  EXPECT_EQ(answered, accepted);
  EXPECT_EQ(publisher_->counters().in_flight, 0u);
}

}  // namespace
}  // namespace doppel

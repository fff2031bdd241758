#include "broker_bridge/mqtt/options.h"

#include <gtest/gtest.h>

#include "broker_bridge/mqtt/backoff.h"

namespace doppel {
namespace {

TEST(MqttOptions, a_broker_is_a_host_and_a_port) {
  EXPECT_EQ(broker_address("mqtt://gateway:1884").value(), "tcp://gateway:1884");
  EXPECT_EQ(broker_address("mqtt://gateway").value(), "tcp://gateway:1883");
  EXPECT_EQ(broker_address("mqtts://gateway/").value(), "ssl://gateway:8883");
  EXPECT_EQ(broker_address("mqtt://[::1]:1884").value(), "tcp://[::1]:1884");
}

TEST(MqttOptions, a_broker_that_is_none_is_refused_with_what_was_expected) {
  for (const char* url : {"", "tcp://x:1", "mqtt://", "mqtt://:1883", "mqtt://h:0", "mqtt://h:65536", "mqtt://h:x", "mqtt://u@h:1",
                          "mqtt://h:1/path"}) {
    const auto address = broker_address(url);
    ASSERT_FALSE(address) << url;
    EXPECT_NE(address.error().message.find("mqtt://HOST:PORT"), std::string::npos) << address.error().message;
  }
}

TEST(MqttOptions, Rule15_overlapping_subscriptions_and_qos_2_are_configuration_errors) {
  MqttSourceOptions options;
  options.broker.url = "mqtt://h";
  options.client_id = "edge";
  EXPECT_TRUE(check(options));
  options.subscriptions = {{"plant/#", 1}, {"plant/+/x", 2}, {"city/#", 0}};
  const auto wrong = check(options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "subscription \"plant/+/x\" has QoS 2, allowed are 0 and 1: at 2 a message is acknowledged before it is journaled\n"
            "subscriptions \"plant/#\" and \"plant/+/x\" overlap: a message to both would be counted twice");
}

TEST(MqttOptions, everything_that_is_wrong_is_said_at_once) {
  MqttSourceOptions options;
  options.broker.url = "h";
  options.broker.cert_file = "c.pem";
  options.subscriptions = {{"a/#/b", 1}};
  const auto wrong = check(options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(std::count(wrong.error().message.begin(), wrong.error().message.end(), '\n'), 3) << wrong.error().message;
}

TEST(Backoff, pauses_double_up_to_the_longest_and_lose_at_most_half) {
  using std::chrono::milliseconds;
  Backoff backoff(milliseconds(100), milliseconds(1000), 7);
  for (const int full : {100, 200, 400, 800, 1000, 1000}) {
    const auto wait = backoff.next();
    EXPECT_LE(wait, milliseconds(full));
    EXPECT_GE(wait, milliseconds(full / 2));
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds(100));
}

TEST(Backoff, two_devices_do_not_wait_alike) {
  Backoff one(std::chrono::milliseconds(10'000), std::chrono::milliseconds(10'000), 1);
  Backoff other(std::chrono::milliseconds(10'000), std::chrono::milliseconds(10'000), 2);
  EXPECT_NE(one.next(), other.next());
}

}  // namespace
}  // namespace doppel

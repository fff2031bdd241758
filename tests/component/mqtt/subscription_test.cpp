// What a broker says to subscriptions, and what becomes of it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

constexpr const char* kPlugin = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so";
// Everybody may do everything but subscribe to what is not open/#.
constexpr const char* kRights = R"({"defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": false, "unsubscribe": true},
  "anonymousGroup": "all",
  "groups": [{"groupname": "all", "roles": [{"rolename": "any"}]}],
  "roles": [{"rolename": "any", "acls": [{"acltype": "publishClientSend", "topic": "$CONTROL/#", "allow": true},
                                         {"acltype": "subscribePattern", "topic": "open/#", "allow": true}]}]})";
constexpr const char* kAllowAll =
    R"({"commands": [{"command": "setDefaultACLAccess", "acls": [{"acltype": "subscribe", "allow": true}]}]})";

class Subscriptions : public testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
  }
  MqttSourceOptions options(const Mosquitto& broker, std::vector<MqttSubscription> subscriptions) const {
    auto options = source_options(broker.url());
    options.subscriptions = std::move(subscriptions);
    return options;
  }
  FakeJournal journal_;
};

TEST_F(Subscriptions, a_refused_one_is_said_and_tried_again_on_the_same_connection) {
  if (access(kPlugin, R_OK) != 0) GTEST_SKIP() << "mosquitto has no dynamic security plugin";
  TemporaryFolder folder;
  const auto rights = folder.write("rights.json", kRights);
  Mosquitto broker("allow_anonymous true\nplugin " + std::string(kPlugin) + "\nplugin_opt_config_file " + rights.string() + "\n");
  RunningSource source(options(broker, {{"open/#", 1}, {"secret/#", 1}}), journal_);
  ASSERT_TRUE(source.is_connected());
  EXPECT_EQ(source.state().standing, MqttStanding::refused);
  EXPECT_NE(source.state().last_error.find("\"secret/#\""), std::string::npos) << source.state().last_error;
  Device device(source_options(broker.url()).broker);
  EXPECT_TRUE(device.send("open/a", "while it is refused"));
  ASSERT_TRUE(eventually([&] { return journal_.entries().size() == 1; }));

  EXPECT_TRUE(device.send("$CONTROL/dynamic-security/v1", kAllowAll));
  ASSERT_TRUE(eventually([&] { return source.state().standing == MqttStanding::subscribed; }));
  EXPECT_EQ(source.counters().connects, 1u);
  EXPECT_TRUE(device.send("secret/a", "after"));
  ASSERT_TRUE(eventually([&] { return journal_.entries().size() == 2; }));
  EXPECT_EQ(journal_.entries()[1].topic, "secret/a");
}

TEST_F(Subscriptions, a_lower_quality_of_service_than_was_asked_for_is_an_error_with_the_filters_name) {
  Mosquitto broker("max_qos 0\nallow_anonymous true\n");
  RunningSource source(options(broker, {{"a/#", 0}, {"b/#", 1}}), journal_);
  ASSERT_TRUE(source.is_connected());
  EXPECT_EQ(source.state().standing, MqttStanding::lower_qos);
  EXPECT_EQ(source.state().last_error, "the broker grants \"b/#\" QoS 0, not 1: messages may get lost on the way");
  EXPECT_EQ(source.log().count("mqtt_qos_lowered"), 1);
  Device device(source_options(broker.url()).broker);
  EXPECT_TRUE(device.send("b/1", "x", 0));
  EXPECT_TRUE(eventually([&] { return journal_.entries().size() == 1; }));
}

TEST_F(Subscriptions, as_asked_for_there_is_nothing_to_say) {
  Mosquitto broker;
  RunningSource source(options(broker, {{"a/#", 0}, {"b/#", 1}}), journal_);
  ASSERT_TRUE(source.is_connected());
  EXPECT_EQ(source.state().standing, MqttStanding::subscribed);
  EXPECT_EQ(source.state().last_error, "");
  broker.stop();
  EXPECT_TRUE(eventually([&] { return source.state().standing == MqttStanding::disconnected; }));
}

}  // namespace
}  // namespace doppel

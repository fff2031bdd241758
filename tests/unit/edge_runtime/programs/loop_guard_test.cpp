#include "edge_runtime/programs/loop_guard.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

constexpr std::uint8_t kMqtt5 = 5, kMqtt311 = 4;

EdgeConfig config() {
  EdgeConfig config;
  config.mqtt.resize(2);
  config.mqtt[0].url = "mqtt://here:1883";
  config.mqtt[0].topics = {"plant/#"};
  config.mqtt[0].publish = true;
  config.mqtt[1].url = "mqtt://elsewhere:1883";
  config.mqtt[1].topics = {"office/#"};
  return config;
}

Manifest publishing(const std::string& grant) {
  Manifest manifest;
  manifest.name = FunctionName("f");
  manifest.grants.publish = {"free/x", grant};
  return manifest;
}

TEST(LoopGuard, at_a_3_1_1_broker_a_grant_on_a_subscribed_topic_is_refused_by_name) {
  LoopGuard loops(config());
  loops.broker_speaks(kMqtt311);
  const auto refused = loops.check(publishing("+/alarm"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  for (const char* part : {"\"+/alarm\"", "\"plant/#\"", "3.1.1", "functions.allow_loop"}) {
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  }
  EXPECT_TRUE(loops.check(publishing("office/alarm"))) << "another broker's topics do not come back from here";
  EXPECT_TRUE(loops.comes_back("plant/alarm"));
  EXPECT_FALSE(loops.comes_back("free/x"));
}

TEST(LoopGuard, in_MQTT_5_nothing_comes_back_and_before_a_broker_was_heard_nothing_is_known_to) {
  LoopGuard loops(config());
  EXPECT_TRUE(loops.check(publishing("plant/alarm")));
  loops.broker_speaks(kMqtt5);
  EXPECT_TRUE(loops.check(publishing("plant/alarm")));
  EXPECT_FALSE(loops.comes_back("plant/alarm"));
}

TEST(LoopGuard, loops_can_be_allowed) {
  EdgeConfig allowing = config();
  allowing.functions.allow_loop = true;
  LoopGuard loops(allowing);
  loops.broker_speaks(kMqtt311);
  EXPECT_TRUE(loops.check(publishing("plant/alarm")));
  EXPECT_FALSE(loops.comes_back("plant/alarm"));
}

TEST(LoopGuard, a_node_without_a_broker_has_no_loops) {
  LoopGuard loops{EdgeConfig()};
  loops.broker_speaks(kMqtt311);
  EXPECT_TRUE(loops.check(publishing("plant/alarm")));
}

}  // namespace
}  // namespace doppel

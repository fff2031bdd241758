#include "edge_runtime/programs/loop_guard.h"

#include <algorithm>

#include "broker_bridge/decode/topic_filter.h"
#include "edge_runtime/config/text_rules.h"

namespace doppel {

LoopGuard::LoopGuard(const EdgeConfig& config) {
  const auto target = std::find_if(config.mqtt.begin(), config.mqtt.end(), [](const MqttConfig& mqtt) { return mqtt.publish; });
  if (config.functions.allow_loop || target == config.mqtt.end()) return;
  for (const auto& mqtt : config.mqtt) {
    if (broker_place(mqtt.url) == broker_place(target->url)) subscribed_.insert(subscribed_.end(), mqtt.topics.begin(), mqtt.topics.end());
  }
}

Result<void> LoopGuard::check(const Manifest& manifest) const {
  if (!is_3_1_1_) return {};
  for (const auto& grant : manifest.grants.publish) {
    for (const auto& filter : subscribed_) {
      if (!overlap(grant, filter)) continue;
      return conflict("grants.publish \"" + grant + "\" overlaps \"" + filter + "\", which this node subscribes to at a broker that speaks MQTT 3.1.1: what the function " +
                      manifest.name.text() + " publishes would come back to it; functions.allow_loop = true allows it");
    }
  }
  return {};
}

bool LoopGuard::comes_back(std::string_view topic) const { return is_3_1_1_ && matches_any(subscribed_, topic); }

}  // namespace doppel

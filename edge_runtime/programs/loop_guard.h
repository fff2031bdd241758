// Publications that would come back as messages. In MQTT 5 our own carry a mark, by which they are dropped; in 3.1.1 they cannot, so
// that a function which publishes on a topic that the node subscribes to would feed itself for ever.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/config/settings.h"
#include "functions/abi/manifest.h"
#include "twin_store/model/result.h"

namespace doppel {

// Thread: any.
class LoopGuard {
 public:
  explicit LoopGuard(const EdgeConfig& config);

  // To be told whenever the broker that is published to has been connected to; as in MqttCounters::version.
  void broker_speaks(std::uint8_t version) { is_3_1_1_ = version == 4; }
  // Before a broker has been heard nothing is known to come back. Errors: conflict, which names grant and subscription.
  Result<void> check(const Manifest& manifest) const;
  bool comes_back(std::string_view topic) const;

 private:
  std::vector<std::string> subscribed_;  // at the broker that is published to; empty where loops are allowed
  std::atomic<bool> is_3_1_1_{false};
};

}  // namespace doppel

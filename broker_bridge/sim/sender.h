// Where a simulation sends.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "broker_bridge/mqtt/options.h"
#include "broker_bridge/sim/stream.h"
#include "twin_store/model/result.h"

namespace doppel {

struct SenderCounts {
  std::uint64_t sent = 0;    // handed over
  std::uint64_t failed = 0;  // the broker did not take them
};

// Thread: the simulation's.
class Sender {
 public:
  virtual ~Sender() = default;
  // Waits while too much is under way. Errors: unavailable (the broker is away for long, or it was stopped).
  virtual Result<void> send(const SimMessage& message, const std::stop_token& stop) = 0;
  // Waits until all that was sent has its answer.
  virtual Result<void> finish(const std::stop_token& stop) = 0;
  virtual SenderCounts counts() const = 0;
};

// To an MQTT broker, connected when it returns. Errors: invalid_input (url), unavailable (no connection in `patience`).
Result<std::unique_ptr<Sender>> open_mqtt_sender(const MqttBroker& broker, std::chrono::milliseconds patience,
                                                 const std::stop_token& stop);

}  // namespace doppel

// Messages of a simulation in the order they are sent. Pure: the same input gives the same messages.
#pragma once

#include <cstdint>
#include <string>

#include "twin_store/model/time.h"

namespace doppel {

struct SimMessage {
  Duration at{0};  // simulated time since the beginning
  std::string topic;
  std::string payload;
  std::uint8_t qos = 0;
};

class MessageStream {
 public:
  virtual ~MessageStream() = default;
  // False at the end.
  virtual bool next(SimMessage& message) = 0;
  virtual std::uint64_t lost() const = 0;  // messages that were made but, by the scenario, never arrive
};

}  // namespace doppel

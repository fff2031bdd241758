// Accepts received messages by appending them to the journal.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "broker_bridge/mqtt/client.h"
#include "broker_bridge/mqtt/counters.h"
#include "twin_store/journal/journal.h"
#include "twin_store/model/time.h"

namespace doppel {

// Ends the process without returning, exit status 75 (EX_TEMPFAIL); the reason names the limit or the failure.
using FailStop = std::function<void(const std::string& reason)>;

// How time passes for who has to wait.
struct Waiting {
  const Clock& clock;
  std::function<void(Duration)> sleep;
};

struct IntakeOptions {
  std::uint16_t source = 0;
  std::size_t max_payload = 2u << 20;
  std::string own_publications;
  Duration patience{0};  // how long a full journal may hold a message up: at most a third of the keep-alive
};

// Thread: one at a time.
class Intake {
 public:
  Intake(IntakeOptions options, Journal& journal, Waiting waiting, FailStop fail_stop, MqttCounters& counters);

  // Returns when the message is journaled, or is one that need not be; only then may it be acknowledged. When the journal
  // cannot take it, the process ends inside.
  void take(const ReceivedMessage& message, std::uint32_t session);

 private:
  bool is_own(const ReceivedMessage& message) const;
  void append(const NewRecord& record);

  const IntakeOptions options_;
  Journal& journal_;
  const Waiting waiting_;
  const FailStop fail_stop_;
  MqttCounters& counters_;
  std::string headers_;
};

}  // namespace doppel

// Publishes to one configured broker. It has a client of its own, without a persistent session: a session that outlives the process
// while the process forgets its QoS 2 packet ids could make the broker take a new publication for an old one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "broker_bridge/mqtt/link.h"
#include "broker_bridge/mqtt/options.h"

namespace doppel {

// Thread: start and stop on one, the rest on any.
class MqttPublisher {
 public:
  // `on_room` is called when publishing may succeed again: connected, an answer came, and once a second. On a thread of the
  // library or of the link: must not block. Errors: invalid_input.
  static Result<std::unique_ptr<MqttPublisher>> make(const MqttPublisherOptions& options, std::function<void()> on_room,
                                                     const Clock& clock, Log& log);

  void start() { link_.start(); }
  void stop() { link_.stop(); }  // publications without an answer fail with unavailable

  // How many publications may follow now; 0 without a connection.
  std::size_t room() const;
  // `done` is called exactly once when publish returns success, never otherwise. What is not yet written when the connection is
  // lost waits for the next one; what is written and has no answer fails with unavailable. Errors: unavailable (no connection),
  // limit_exceeded (max_in_flight), invalid_input (topic, QoS).
  Result<void> publish(const Publication& publication, PublicationDone done);

  const MqttCounters& counters() const { return counters_; }

  MqttPublisher(const MqttPublisherOptions& options, std::function<void()> on_room, const Clock& clock, Log& log);

 private:
  const std::size_t max_in_flight_;
  const std::function<void()> on_room_;
  MqttCounters counters_;
  MqttLink link_;
};

}  // namespace doppel

// One configured broker as a source of messages. What it acknowledges is in the journal.
#pragma once

#include "broker_bridge/mqtt/held_filters.h"
#include "broker_bridge/mqtt/intake.h"
#include "broker_bridge/mqtt/link.h"
#include "broker_bridge/mqtt/options.h"

namespace doppel {

// Thread: start and stop on one, the rest on any. Messages are journaled on the receive thread of the MQTT library, of which a
// process has one for all its sources: while one waits for a full journal, so do the others.
class MqttSource {
 public:
  // Borrows journal, held filters, clock and log. Errors: invalid_input, with everything that is wrong; those of HeldFilters.
  static Result<std::unique_ptr<MqttSource>> make(const MqttSourceOptions& options, Journal& journal, HeldFilters& held,
                                                  const Waiting& waiting, FailStop fail_stop, Log& log);

  void start() { link_.start(); }  // after recovery
  void stop() { link_.stop(); }    // the broker keeps the session, and what comes for it
  const MqttCounters& counters() const { return counters_; }
  MqttState state() const { return link_.state(); }

 private:
  MqttSource(const MqttSourceOptions& options, std::set<std::string> retired, Journal& journal, HeldFilters& held,
             const Waiting& waiting, FailStop fail_stop, Log& log);

  MqttCounters counters_;
  Intake intake_;
  MqttLink link_;
};

}  // namespace doppel

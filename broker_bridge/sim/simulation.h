// Runs simulations in time: what the command line calls.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "broker_bridge/mqtt/options.h"
#include "broker_bridge/sim/replay.h"
#include "broker_bridge/sim/scenario.h"
#include "broker_bridge/sim/sender.h"
#include "twin_store/model/time.h"

namespace doppel {

struct SimReport {
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;   // the broker did not take them
  std::uint64_t lost = 0;     // by the scenario
  Duration elapsed{0};
  Duration behind{0};         // how late the last message was
  Duration most_behind{0};
  double rate() const { return elapsed.count() > 0 ? static_cast<double>(sent) * 1e9 / static_cast<double>(elapsed.count()) : 0; }
};
using SimProgress = std::function<void(const SimReport&)>;  // about once a second

// Sends each message at its time, `speed` simulated seconds a second, until the end or the stop. Open loop: a late sender does not
// shift the times of what follows.
Result<SimReport> run_stream(MessageStream& stream, Sender& sender, double speed, const std::stop_token& stop,
                             const SimProgress& progress);

// Being stopped is a good end. Errors: invalid_input, not_found (files), unavailable (the broker).
Result<SimReport> run_scenario(const Scenario& scenario, const MqttBroker& broker, const std::stop_token& stop,
                               const SimProgress& progress);
Result<SimReport> replay_csv(const std::string& file, const ReplayOptions& options, double speed, const MqttBroker& broker,
                             const std::stop_token& stop, const SimProgress& progress);

// The simulated time at which a scenario begins when it is started now: its `start`; now; or, where it is faster than time and has an
// end, so that it ends now and no event is ahead of its arrival.
Timestamp beginning_of(const Scenario& scenario, Timestamp now);

}  // namespace doppel

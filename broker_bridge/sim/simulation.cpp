#include "broker_bridge/sim/simulation.h"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "broker_bridge/sim/fleet.h"

namespace doppel {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience{30'000};
constexpr std::chrono::seconds kProgressEvery{1};

// Sleeping for less costs more than sending a little early or late.
constexpr std::chrono::microseconds kShortestSleep{200};

void sleep_until(SteadyClock::time_point due, const std::stop_token& stop) {
  if (due - SteadyClock::now() < kShortestSleep) return;
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, due, [] { return false; });
}

Duration divided(Duration at, double speed) { return Duration(static_cast<std::int64_t>(static_cast<double>(at.count()) / speed)); }

}  // namespace

Result<SimReport> run_stream(MessageStream& stream, Sender& sender, double speed, const std::stop_token& stop,
                             const SimProgress& progress) {
  SimReport report;
  const auto begin = SteadyClock::now();
  auto next_progress = begin + kProgressEvery;
  const auto update = [&](SteadyClock::time_point now) {
    const SenderCounts counts = sender.counts();
    report.sent = counts.sent, report.failed = counts.failed;
    report.lost = stream.lost();
    report.elapsed = now - begin;
  };
  SimMessage message;
  while (!stop.stop_requested() && stream.next(message)) {
    const auto due = begin + divided(message.at, speed);
    sleep_until(due, stop);
    if (stop.stop_requested()) break;
    if (auto ok = sender.send(message, stop); !ok && !stop.stop_requested()) return ok.error();
    const auto now = SteadyClock::now();
    report.behind = std::max(Duration(now - due), Duration::zero());
    report.most_behind = std::max(report.most_behind, report.behind);
    if (now < next_progress) continue;
    next_progress = now + kProgressEvery;
    update(now);
    if (progress) progress(report);
  }
  const auto end = SteadyClock::now();
  if (auto ok = sender.finish({}); !ok) return ok.error();
  update(end);
  return report;
}

Timestamp beginning_of(const Scenario& scenario, Timestamp now) {
  if (scenario.start) return *scenario.start;
  if (scenario.duration && scenario.speed > 1) return now - (*scenario.duration - divided(*scenario.duration, scenario.speed));
  return now;
}

Result<SimReport> run_scenario(const Scenario& scenario, const MqttBroker& broker, const std::stop_token& stop,
                               const SimProgress& progress) {
  auto sender = open_mqtt_sender(broker, kPatience, stop);
  if (!sender && stop.stop_requested()) return SimReport{};
  if (!sender) return sender.error();
  Fleet fleet(scenario, beginning_of(scenario, SystemClock().wall()));
  return run_stream(fleet, **sender, scenario.speed, stop, progress);
}

Result<SimReport> replay_csv(const std::string& file, const ReplayOptions& options, double speed, const MqttBroker& broker,
                             const std::stop_token& stop, const SimProgress& progress) {
  auto in = std::make_unique<std::ifstream>(file);
  if (!*in) return not_found("\"" + file + "\" cannot be opened");
  auto replay = Replay::open(std::move(in), file, options);
  if (!replay) return replay.error();
  auto sender = open_mqtt_sender(broker, kPatience, stop);
  if (!sender && stop.stop_requested()) return SimReport{};
  if (!sender) return sender.error();
  auto report = run_stream(**replay, **sender, speed, stop, progress);
  if (report && (*replay)->error()) return *(*replay)->error();
  return report;
}

}  // namespace doppel

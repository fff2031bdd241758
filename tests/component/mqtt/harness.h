// A source with its journal, and a device that sends to it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "broker_bridge/mqtt/client.h"
#include "broker_bridge/mqtt/source.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/fake_journal.h"

namespace doppel {

// True as soon as `holds` is; false after ten seconds.
inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

inline MqttSourceOptions source_options(const std::string& url) {
  MqttSourceOptions options;
  options.broker.url = url;
  options.broker.reconnect_min = std::chrono::milliseconds(20);
  options.broker.reconnect_max = std::chrono::milliseconds(200);
  options.client_id = "edge-under-test";
  return options;
}

class CountingLog final : public Log {
 public:
  void write(LogLevel, std::string_view event, std::initializer_list<LogField>) override {
    const std::lock_guard lock(mutex_);
    ++counts_[std::string(event)];
  }
  int count(const std::string& event) const {
    const std::lock_guard lock(mutex_);
    const auto at = counts_.find(event);
    return at == counts_.end() ? 0 : at->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
};

// A source that appends to `journal`; ready when it has subscribed. Those that share `disk` know what the one before subscribed to.
class RunningSource {
 public:
  RunningSource(const MqttSourceOptions& options, Journal& journal, FailStop fail_stop = [](const std::string&) {},
                std::shared_ptr<FaultyDisk> disk = std::make_shared<FaultyDisk>())
      : disk_(std::move(disk)),
        held_(std::move(HeldFilters::open(*disk_, "mqtt_filters")).value()),
        source_(std::move(MqttSource::make(options, journal, *held_, {clock_, [](Duration) {}}, std::move(fail_stop), log_)).value()) {
    source_->start();
  }
  bool is_connected() const { return eventually([&] { return source_->counters().connected.load(); }); }
  const MqttCounters& counters() const { return source_->counters(); }
  MqttState state() const { return source_->state(); }
  const CountingLog& log() const { return log_; }
  void stop() { source_->stop(); }

 private:
  SystemClock clock_;
  CountingLog log_;
  std::shared_ptr<FaultyDisk> disk_;
  std::unique_ptr<HeldFilters> held_;
  std::unique_ptr<MqttSource> source_;
};

// A plain client that publishes and waits for the answer.
class Device {
 public:
  explicit Device(const MqttBroker& broker, MqttVersion version = MqttVersion::v5) {
    MqttClient::Handlers handlers;
    handlers.lost = [](const std::string&) {};
    client_ = std::move(MqttClient::make(broker, {.client_id = "device"}, version, handlers)).value();
    outcome_ = client_->connect({});
  }
  ~Device() { client_->disconnect(); }
  const ConnectOutcome& outcome() const { return outcome_; }

  bool send(const Publication& publication) {
    std::atomic<int> answer{0};
    client_->publish(publication, [&](const Result<void>& result) { answer = result ? 1 : -1; });
    return eventually([&] { return answer != 0; }) && answer == 1;
  }
  bool send(const std::string& topic, const std::string& payload, std::uint8_t qos = 1) {
    return send({.topic = topic, .payload = payload, .qos = qos});
  }

 private:
  std::unique_ptr<MqttClient> client_;
  ConnectOutcome outcome_;
};

}  // namespace doppel

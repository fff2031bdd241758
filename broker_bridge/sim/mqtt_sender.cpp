#include <condition_variable>
#include <mutex>
#include <random>

#include "broker_bridge/mqtt/publisher.h"
#include "broker_bridge/sim/sender.h"

namespace doppel {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kInFlight = 20'000;

// Keeps the last reason of a failed connection for the error.
class LastFailure final : public Log {
 public:
  void write(LogLevel level, std::string_view, std::initializer_list<LogField> fields) override {
    if (level < LogLevel::warning) return;
    const std::lock_guard lock(mutex_);
    for (const auto& field : fields)
      if (field.key == "why") why_ = field.value;
  }
  std::string why() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }

 private:
  mutable std::mutex mutex_;
  std::string why_;
};

class MqttSender final : public Sender {
 public:
  MqttSender(const MqttBroker& broker, milliseconds patience)
      : url_(broker.url),
        patience_(patience),
        publisher_({broker, "doppel-sim-" + std::to_string(std::random_device()()), kInFlight}, [this] { wake(); }, clock_,
                   log_) {
    publisher_.start();
  }
  ~MqttSender() override { publisher_.stop(); }

  Result<void> wait_for_room(const std::stop_token& stop) {
    if (publisher_.room() > 0) return {};
    return wait(stop, [this] { return publisher_.room() > 0; });
  }

  Result<void> send(const SimMessage& message, const std::stop_token& stop) override {
    const Publication publication{message.topic, message.payload, message.qos, false, ""};
    for (;;) {
      if (auto ok = wait_for_room(stop); !ok) return ok;
      auto ok = publisher_.publish(publication, [](const Result<void>&) {});
      if (ok) {
        ++sent_;
        return {};
      }
      if (ok.error().code == ErrorCode::invalid_input) return ok;  // the others pass
    }
  }

  Result<void> finish(const std::stop_token& stop) override {
    return wait(stop, [this] { return publisher_.counters().in_flight == 0; });
  }

  SenderCounts counts() const override { return {sent_, publisher_.counters().publish_failures}; }

 private:
  template <class Condition>
  Result<void> wait(const std::stop_token& stop, Condition condition) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, stop, patience_, condition)) return {};
    if (stop.stop_requested()) return unavailable("stopped");
    const std::string why = log_.why();
    return unavailable("broker " + url_ + " is away" + (why.empty() ? "" : ": " + why));
  }
  void wake() {
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

  const std::string url_;
  const milliseconds patience_;
  std::uint64_t sent_ = 0;
  const SystemClock clock_;
  LastFailure log_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  MqttPublisher publisher_;  // last: it calls wake()
};

}  // namespace

Result<std::unique_ptr<Sender>> open_mqtt_sender(const MqttBroker& broker, milliseconds patience, const std::stop_token& stop) {
  if (auto address = broker_address(broker.url); !address) return address.error();
  auto sender = std::make_unique<MqttSender>(broker, patience);
  if (auto ok = sender->wait_for_room(stop); !ok) return ok.error();
  return std::unique_ptr<Sender>(std::move(sender));
}

}  // namespace doppel

// Publishes what functions ask for, once its cause is on disk, and notes what the broker has taken.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "broker_bridge/mqtt/publisher.h"
#include "edge_runtime/programs/loop_guard.h"
#include "twin_store/lane/outbox.h"
#include "twin_store/model/log.h"

namespace doppel {

// Thread: any. Rows wait in the outbox while there is no connection.
class PublishPump {
 public:
  static Result<std::unique_ptr<PublishPump>> start(const MqttPublisherOptions& options, Outbox& outbox, LoopGuard& loops, const Clock& clock, Log& log);
  ~PublishPump();

  const MqttCounters& counters() const { return publisher_->counters(); }

 private:
  PublishPump(Outbox& outbox, LoopGuard& loops, Log& log) : outbox_(outbox), loops_(loops), log_(log) {}
  Result<void> publish(const OutboxRow& row);
  void publish_ready();
  void publish_all_ready();
  void done(const OutboxRow& row, const Result<void>& outcome);

  Outbox& outbox_;
  LoopGuard& loops_;
  Log& log_;
  std::unique_ptr<MqttPublisher> publisher_;
  std::atomic<std::uint32_t> calls_{0};  // of publish_ready that are not served
};

}  // namespace doppel

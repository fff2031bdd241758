#include "edge_runtime/programs/publish_pump.h"

namespace doppel {

Result<std::unique_ptr<PublishPump>> PublishPump::start(const MqttPublisherOptions& options, Outbox& outbox, LoopGuard& loops, const Clock& clock,
                                                         Log& log) {
  std::unique_ptr<PublishPump> pump(new PublishPump(outbox, loops, log));
  auto publisher = MqttPublisher::make(options, [self = pump.get()] { self->publish_ready(); }, clock, log);
  if (!publisher) return publisher.error();
  pump->publisher_ = std::move(*publisher);
  outbox.on_ready(OutboxKind::publish, [self = pump.get()] { self->publish_ready(); });
  pump->publisher_->start();
  return pump;
}

PublishPump::~PublishPump() {
  outbox_.on_ready(OutboxKind::publish, nullptr);
  publisher_->stop();
}

// The outbox and the publisher call from threads of their own: one of them publishes, or rows would overtake each other; the others
// leave it to do so once more.
void PublishPump::publish_ready() {
  std::uint32_t calls = calls_.fetch_add(1) + 1;
  if (calls != 1) return;
  while (calls != 0) {
    publish_all_ready();
    calls = calls_.fetch_sub(calls) - calls;
  }
}

void PublishPump::publish_all_ready() {
  loops_.broker_speaks(publisher_->counters().version);
  while (const std::size_t room = publisher_->room()) {
    const auto rows = outbox_.take(OutboxKind::publish, room);
    if (rows.empty()) return;
    for (const auto& row : rows) {
      if (auto taken = publish(row); !taken) done(row, taken);
    }
  }
}

Result<void> PublishPump::publish(const OutboxRow& row) {
  if (loops_.comes_back(row.target)) {
    return invalid_input("this node subscribes to the topic at the same broker, which speaks MQTT 3.1.1: it would come back (functions.allow_loop allows it)");
  }
  const Publication publication{row.target, row.payload, row.qos, row.retain, to_string(row.key)};
  return publisher_->publish(publication, [this, row](const Result<void>& outcome) { done(row, outcome); });
}

void PublishPump::done(const OutboxRow& row, const Result<void>& outcome) {
  if (!outcome && outcome.error().code != ErrorCode::invalid_input) return outbox_.put_back(row);
  if (!outcome) log_.error("publication_refused", {{"topic", row.target}, {"reason", outcome.error().message}});
  if (auto noted = outbox_.delivered(row); !noted) log_.error("delivery_log", {{"reason", noted.error().message}});
}

}  // namespace doppel

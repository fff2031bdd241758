#include "edge_runtime/programs/publish_pump.h"

namespace doppel {

Result<std::unique_ptr<PublishPump>> PublishPump::start(const MqttPublisherOptions& options, Outbox& outbox, const Clock& clock,
                                                         Log& log) {
  std::unique_ptr<PublishPump> pump(new PublishPump(outbox, log));
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

void PublishPump::publish_ready() {
  while (const std::size_t room = publisher_->room()) {
    const auto rows = outbox_.take(OutboxKind::publish, room);
    if (rows.empty()) return;
    for (const auto& row : rows) {
      const Publication publication{row.target, row.payload, row.qos, row.retain, to_string(row.key)};
      const auto taken = publisher_->publish(publication, [this, row](const Result<void>& outcome) { done(row, outcome); });
      if (!taken) done(row, taken);
    }
  }
}

void PublishPump::done(const OutboxRow& row, const Result<void>& outcome) {
  if (!outcome && outcome.error().code != ErrorCode::invalid_input) return outbox_.put_back(row);
  if (!outcome) log_.error("publication_refused", {{"topic", row.target}, {"reason", outcome.error().message}});
  if (auto noted = outbox_.delivered(row); !noted) log_.error("delivery_log", {{"reason", noted.error().message}});
}

}  // namespace doppel

#include "broker_bridge/mqtt/publisher.h"

#include "broker_bridge/decode/topic_filter.h"

namespace doppel {
namespace {

MqttLinkOptions link_options(const MqttPublisherOptions& options) {
  MqttLinkOptions link;
  link.broker = options.broker;
  link.session.client_id = options.client_id;
  return link;
}

}  // namespace

Result<std::unique_ptr<MqttPublisher>> MqttPublisher::make(const MqttPublisherOptions& options, std::function<void()> on_room,
                                                           const Clock& clock, Log& log) {
  if (auto address = broker_address(options.broker.url); !address) return address.error();
  return std::make_unique<MqttPublisher>(options, std::move(on_room), clock, log);
}

MqttPublisher::MqttPublisher(const MqttPublisherOptions& options, std::function<void()> on_room, const Clock& clock, Log& log)
    : max_in_flight_(options.max_in_flight),
      on_room_(std::move(on_room)),
      link_(link_options(options), {{}, on_room_, {}}, counters_, clock, log) {}

std::size_t MqttPublisher::room() const {
  const std::size_t in_flight = counters_.in_flight;
  return counters_.connected && in_flight < max_in_flight_ ? max_in_flight_ - in_flight : 0;
}

Result<void> MqttPublisher::publish(const Publication& publication, PublicationDone done) {
  if (auto ok = check_topic(publication.topic); !ok) return ok;
  if (publication.qos > 2) return invalid_input("QoS " + std::to_string(publication.qos) + ", allowed are 0 to 2");
  if (!counters_.connected) return unavailable("no connection to the broker");
  if (counters_.in_flight.fetch_add(1) >= max_in_flight_) {
    --counters_.in_flight;
    return limit_exceeded(std::to_string(max_in_flight_) + " publications are without an answer, the most allowed");
  }
  link_.publish(publication, [this, done = std::move(done)](const Result<void>& result) {
    ++(result ? counters_.published : counters_.publish_failures);
    --counters_.in_flight;
    done(result);
    // After a failure that may pass, trying at once would only fail again: the link reminds of the room there is.
    const bool try_on = result || result.error().code == ErrorCode::invalid_input;
    if (try_on && on_room_) on_room_();
  });
  return {};
}

}  // namespace doppel

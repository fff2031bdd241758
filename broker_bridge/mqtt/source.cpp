#include "broker_bridge/mqtt/source.h"

namespace doppel {
namespace {

IntakeOptions intake_options(const MqttSourceOptions& options) {
  return {options.source, options.max_payload, options.own_publications, options.broker.keep_alive / 3};
}

MqttLinkOptions link_options(const MqttSourceOptions& options) {
  return {options.broker,
          {options.client_id, true, options.session_expiry, options.receive_maximum},
          options.subscriptions,
          options.retired_filters,
          options.first_session};
}

}  // namespace

Result<std::unique_ptr<MqttSource>> MqttSource::make(const MqttSourceOptions& options, Journal& journal, const Waiting& waiting,
                                                     FailStop fail_stop, Log& log) {
  if (auto ok = check(options); !ok) return ok.error();
  return std::make_unique<MqttSource>(options, journal, waiting, std::move(fail_stop), log);
}

MqttSource::MqttSource(const MqttSourceOptions& options, Journal& journal, const Waiting& waiting, FailStop fail_stop, Log& log)
    : intake_(intake_options(options), journal, waiting, std::move(fail_stop), counters_),
      link_(link_options(options),
            {[this](const ReceivedMessage& message, std::uint32_t session) { intake_.take(message, session); }, {}}, counters_,
            waiting.clock, log) {}

}  // namespace doppel

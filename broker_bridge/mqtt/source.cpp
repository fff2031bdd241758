#include "broker_bridge/mqtt/source.h"

namespace doppel {
namespace {

IntakeOptions intake_options(const MqttSourceOptions& options) {
  return {options.source, options.max_payload, options.own_publications, options.broker.keep_alive / 3};
}

MqttLinkOptions link_options(const MqttSourceOptions& options, std::set<std::string> retired) {
  return {options.broker,
          {options.client_id, true, options.session_expiry, options.receive_maximum},
          options.subscriptions,
          std::move(retired),
          options.first_session};
}

HeldFilters::Filters filters_of(const MqttSourceOptions& options) {
  HeldFilters::Filters filters;
  for (const auto& subscription : options.subscriptions) filters.insert(subscription.filter);
  return filters;
}

}  // namespace

Result<std::unique_ptr<MqttSource>> MqttSource::make(const MqttSourceOptions& options, Journal& journal, HeldFilters& held,
                                                     const Waiting& waiting, FailStop fail_stop, Log& log) {
  if (auto ok = check(options); !ok) return ok.error();
  auto retired = held.begin(options.client_id, filters_of(options));
  if (!retired) return retired.error();
  return std::unique_ptr<MqttSource>(
      new MqttSource(options, *std::move(retired), journal, held, waiting, std::move(fail_stop), log));
}

MqttSource::MqttSource(const MqttSourceOptions& options, std::set<std::string> retired, Journal& journal, HeldFilters& held,
                       const Waiting& waiting, FailStop fail_stop, Log& log)
    : intake_(intake_options(options), journal, waiting, std::move(fail_stop), counters_),
      link_(link_options(options, std::move(retired)),
            {[this](const ReceivedMessage& message, std::uint32_t session) { intake_.take(message, session); },
             {},
             [&held, &log, client_id = options.client_id, filters = filters_of(options)] {
               if (auto noted = held.settle(client_id, filters); !noted)
                 log.error("mqtt_filters_not_noted", {{"client", client_id}, {"why", noted.error().message}});
             }},
            counters_, waiting.clock, log) {}

}  // namespace doppel

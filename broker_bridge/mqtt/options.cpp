#include "broker_bridge/mqtt/options.h"

#include <charconv>
#include <string_view>

#include "broker_bridge/decode/topic_filter.h"

namespace doppel {
namespace {

constexpr std::size_t kMaxClientId = 128;

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65'535;
}

// Where the port's colon is: behind a bracketed IPv6 host, or the only one.
std::size_t port_colon(std::string_view rest) {
  const auto bracket = rest.rfind(']');
  return rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
}

void check_overlaps(const std::vector<MqttSubscription>& subscriptions, std::string& problems) {
  for (std::size_t i = 0; i < subscriptions.size(); ++i)
    for (std::size_t j = i + 1; j < subscriptions.size(); ++j)
      if (overlap(subscriptions[i].filter, subscriptions[j].filter))
        problems += "subscriptions \"" + subscriptions[i].filter + "\" and \"" + subscriptions[j].filter +
                    "\" overlap: a message to both would be counted twice\n";
}

}  // namespace

Result<std::string> broker_address(const std::string& url) {
  const auto wrong = [&](const std::string& why) {
    return invalid_input("broker \"" + url + "\" " + why + "; a broker is mqtt://HOST:PORT or mqtts://HOST:PORT");
  };
  std::string_view rest = url;
  const bool secure = rest.starts_with("mqtts://");
  if (!secure && !rest.starts_with("mqtt://")) return wrong("does not begin with mqtt:// or mqtts://");
  rest.remove_prefix(secure ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/@? ") != std::string_view::npos) return wrong("has more than a host and a port");
  const auto colon = port_colon(rest);
  const std::string_view host = rest.substr(0, colon);
  if (host.empty()) return wrong("names no host");
  std::string port = secure ? "8883" : "1883";
  if (colon != std::string_view::npos) port = rest.substr(colon + 1);
  if (!is_port(port)) return wrong("has the port \"" + port + "\", allowed are 1 to 65535");
  return (secure ? "ssl://" : "tcp://") + std::string(host) + ":" + port;
}

Result<void> check(const MqttSourceOptions& options) {
  std::string problems;
  const auto add = [&](const Result<void>& result) {
    if (!result) problems += result.error().message + "\n";
    return result.has_value();
  };
  if (auto address = broker_address(options.broker.url); !address) problems += address.error().message + "\n";
  if (options.client_id.empty() || options.client_id.size() > kMaxClientId)
    problems += "client id \"" + options.client_id + "\" needs 1 to " + std::to_string(kMaxClientId) + " bytes\n";
  if (options.broker.cert_file.empty() != options.broker.key_file.empty())
    problems += "a client certificate needs both cert_file and key_file\n";
  bool valid = true;
  for (const auto& subscription : options.subscriptions) {
    valid = add(check_topic_filter(subscription.filter)) && valid;
    if (subscription.qos > 1)
      problems += "subscription \"" + subscription.filter + "\" has QoS " + std::to_string(subscription.qos) +
                  ", allowed are 0 and 1: at 2 a message is acknowledged before it is journaled\n";
  }
  if (valid) check_overlaps(options.subscriptions, problems);
  if (problems.empty()) return {};
  problems.pop_back();
  return invalid_input(std::move(problems));
}

}  // namespace doppel

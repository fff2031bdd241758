#include "edge_runtime/config/text_rules.h"

#include <algorithm>
#include <charconv>

#include "broker_bridge/decode/topic_filter.h"
#include "twin_store/model/ids.h"

namespace doppel {
namespace {

constexpr std::size_t kCurveKeyLength = 40;
constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::uint16_t kMqttPort = 1883, kMqttsPort = 8883;

std::optional<std::string> curve_key_breach(std::string_view key) {
  if (key.size() != kCurveKeyLength) return "has " + std::to_string(key.size()) + " characters";
  if (key.find_first_not_of(kZ85) != std::string_view::npos) return "has characters that are not Z85";
  return std::nullopt;
}

std::optional<std::string> url_breach(std::string_view url, std::initializer_list<std::string_view> schemes,
                                      std::uint16_t default_port) {
  const auto parsed = parse_host_port(url, default_port);
  if (!parsed) return "is not an address of this kind";
  if (std::find(schemes.begin(), schemes.end(), parsed->scheme) != schemes.end()) return std::nullopt;
  return "begins with " + parsed->scheme + "://";
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view url, std::uint16_t default_port) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) return std::nullopt;
  HostPort parsed{.scheme = std::string(url.substr(0, scheme_end)), .host = {}, .port = default_port};
  std::string_view rest = url.substr(scheme_end + 3);
  const bool bracketed = rest.starts_with('[');
  const auto host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == std::string_view::npos) return std::nullopt;
  parsed.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  if (parsed.host.empty() || parsed.host.find_first_of("/@ ?#") != std::string::npos) return std::nullopt;
  rest.remove_prefix(std::min(rest.size(), bracketed ? host_end + 1 : host_end));
  if (rest.empty()) return default_port == 0 ? std::nullopt : std::optional(parsed);
  if (rest.front() != ':') return std::nullopt;
  rest.remove_prefix(1);
  if (rest == "*") return parsed.port = 0, parsed;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), parsed.port);
  if (rest.empty() || error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return parsed;
}

std::string broker_place(std::string_view url) {
  auto place = parse_host_port(url, url.starts_with("mqtts://") ? kMqttsPort : kMqttPort);
  if (!place) return std::string(url);
  for (char& c : place->host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (place->host == "127.0.0.1" || place->host == "::1") place->host = "localhost";
  return place->host + ':' + std::to_string(place->port);
}

std::optional<std::string> breach_of(TextRule rule, std::string_view text) {
  switch (rule) {
    case TextRule::any: return std::nullopt;
    case TextRule::name:
      return is_name(text) ? std::nullopt : std::optional<std::string>("is not a name");
    case TextRule::topic_filter: {
      const auto valid = check_topic_filter(text);
      return valid ? std::nullopt : std::optional(valid.error().message);
    }
    case TextRule::mqtt_url: return url_breach(text, {"mqtt", "mqtts"}, kMqttPort);
    case TextRule::tcp_url: return url_breach(text, {"tcp"}, 0);
    case TextRule::curve_key: return curve_key_breach(text);
  }
  return std::nullopt;
}

std::string_view rule_text(TextRule rule) {
  switch (rule) {
    case TextRule::any: return "";
    case TextRule::name: return "1 to 63 of a-z, 0-9, - and _, the first a letter or digit";
    case TextRule::topic_filter: return "an MQTT topic filter";
    case TextRule::mqtt_url: return "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";
    case TextRule::tcp_url: return "tcp://HOST:PORT";
    case TextRule::curve_key: return "40 characters of Z85";
  }
  return "";
}

}  // namespace doppel

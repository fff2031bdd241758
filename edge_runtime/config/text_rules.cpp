#include "edge_runtime/config/text_rules.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/value.h"

namespace doppel {
namespace {

constexpr std::size_t kLongestFilter = 65'535;
constexpr std::size_t kCurveKeyLength = 40;
constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
constexpr std::uint16_t kMqttPort = 1883;

std::vector<std::string_view> levels(std::string_view topic) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto slash = topic.find('/');
    parts.push_back(topic.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    topic.remove_prefix(slash + 1);
  }
}

std::optional<std::string> filter_breach(std::string_view filter) {
  if (filter.empty()) return "is empty";
  if (filter.size() > kLongestFilter) return "is longer than 65535 bytes";
  if (!is_utf8(filter) || filter.find('\0') != std::string_view::npos) return "is not UTF-8 without NUL";
  if (filter.starts_with("$share/")) return "is a shared subscription, which would lose the order of a twin's messages";
  const auto parts = levels(filter);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool has_wildcard = parts[i].find_first_of("+#") != std::string_view::npos;
    if (has_wildcard && parts[i].size() > 1) return "has a + or # that is not a whole level";
    if (parts[i] == "#" && i + 1 < parts.size()) return "has a # that is not its last level";
  }
  return std::nullopt;
}

bool is_named_level(std::string_view level) {
  return level.size() > 2 && level.front() == '{' && level.back() == '}' &&
         is_name(level.substr(1, level.size() - 2));
}

std::optional<std::string> pattern_breach(std::string_view pattern) {
  std::vector<std::string_view> names;
  for (const std::string_view level : levels(pattern)) {
    if (level.find_first_of("{}") == std::string_view::npos) continue;
    if (!is_named_level(level)) return "has a {name} that is not a whole level of a-z, 0-9, - and _";
    if (std::find(names.begin(), names.end(), level) != names.end()) return "names " + std::string(level) + " twice";
    names.push_back(level);
  }
  return filter_breach(pattern_filter(pattern));
}

std::optional<std::string> curve_key_breach(std::string_view key) {
  if (key.size() != kCurveKeyLength) return "has " + std::to_string(key.size()) + " characters";
  if (key.find_first_not_of(kZ85) != std::string_view::npos) return "has characters that are not Z85";
  return std::nullopt;
}

std::optional<std::string> url_breach(std::string_view url, std::initializer_list<std::string_view> schemes,
                                      std::uint16_t default_port) {
  const auto parsed = parse_host_port(url, default_port);
  if (!parsed) return "is not such an address";
  if (std::find(schemes.begin(), schemes.end(), parsed->scheme) != schemes.end()) return std::nullopt;
  return "begins with " + parsed->scheme + "://";
}

bool same_level(std::string_view a, std::string_view b) { return a == b || a == "+" || b == "+"; }

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

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::optional<std::string> breach_of(TextRule rule, std::string_view text) {
  switch (rule) {
    case TextRule::any: return std::nullopt;
    case TextRule::name:
      return is_name(text) ? std::nullopt : std::optional<std::string>("is not such a name");
    case TextRule::topic_filter: return filter_breach(text);
    case TextRule::topic_pattern: return pattern_breach(text);
    case TextRule::mqtt_url: return url_breach(text, {"mqtt", "mqtts"}, kMqttPort);
    case TextRule::tcp_url: return url_breach(text, {"tcp"}, 0);
    case TextRule::curve_key: return curve_key_breach(text);
    case TextRule::pointer:
      return text.starts_with('/') ? std::nullopt : std::optional<std::string>("does not begin with /");
  }
  return std::nullopt;
}

std::string_view rule_text(TextRule rule) {
  switch (rule) {
    case TextRule::any: return "";
    case TextRule::name: return "1 to 63 of a-z, 0-9, - and _, the first a letter or digit";
    case TextRule::topic_filter: return "an MQTT topic filter";
    case TextRule::topic_pattern: return "an MQTT topic filter, with {name} for a level";
    case TextRule::mqtt_url: return "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";
    case TextRule::tcp_url: return "tcp://HOST:PORT";
    case TextRule::curve_key: return "40 characters of Z85";
    case TextRule::pointer: return "a JSON pointer such as /device/id";
  }
  return "";
}

bool filters_overlap(std::string_view a, std::string_view b) {
  const auto first = levels(a), second = levels(b);
  // A wildcard at the start matches no topic that begins with $.
  const auto wild = [](std::string_view level) { return level == "+" || level == "#"; };
  if (first[0].starts_with('$') != second[0].starts_with('$') && (wild(first[0]) || wild(second[0]))) return false;
  for (std::size_t i = 0;; ++i) {
    // "a/#" also matches "a" itself.
    if (i < first.size() && first[i] == "#") return true;
    if (i < second.size() && second[i] == "#") return true;
    if (i == first.size() || i == second.size()) return first.size() == second.size();
    if (!same_level(first[i], second[i])) return false;
  }
}

std::string pattern_filter(std::string_view pattern) {
  std::string filter;
  for (const std::string_view level : levels(pattern)) {
    if (!filter.empty() || level.data() != pattern.data()) filter += '/';
    filter += is_named_level(level) ? std::string_view("+") : level;
  }
  return filter;
}

}  // namespace doppel

// What the texts of a configuration have to look like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "edge_runtime/config/setting_table.h"

namespace doppel {

struct HostPort {
  std::string scheme;  // "tcp", "mqtt", "mqtts"
  std::string host;    // an IPv6 address stands without its brackets
  std::uint16_t port = 0;
};
// "tcp://HOST:PORT", "mqtts://[::1]:8883". The port may be missing where `default_port` is not 0.
std::optional<HostPort> parse_host_port(std::string_view url, std::uint16_t default_port);

// Where a broker's URL leads, the same text however it is written: "localhost:1883".
std::string broker_place(std::string_view url);

// Nothing when `text` obeys `rule`; otherwise what is wrong with it.
std::optional<std::string> breach_of(TextRule rule, std::string_view text);

// The rule in words, for documentation; "" for any.
std::string_view rule_text(TextRule rule);

}  // namespace doppel

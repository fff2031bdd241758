#include "edge_runtime/programs/node_config.h"

namespace doppel {
namespace {

void add(std::vector<Override>& overrides, const char* setting, const std::string& value, const char* flag) {
  if (!value.empty()) overrides.push_back({setting, value, flag});
}

// ADDR:PORT, ADDR or :PORT; an IPv6 address stands in brackets.
void add_http(std::vector<Override>& overrides, const std::string& value) {
  const auto colon = value.rfind(':');
  const bool has_port = colon != std::string::npos && value.find(']', colon) == std::string::npos;
  std::string address = has_port ? value.substr(0, colon) : value;
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  add(overrides, "http.address", address, "--http");
  if (has_port) overrides.push_back({"http.port", value.substr(colon + 1), "--http"});
}

}  // namespace

Result<ConfigSource> config_source(const ConfigFlags& flags) {
  auto source = read_config_source(flags.file);
  if (!source) return source;
  auto& overrides = source->overrides;
  add(overrides, "name", flags.name, "--name");
  add(overrides, "data", flags.data, "--data");
  add_http(overrides, flags.http);
  for (const std::string& url : flags.mqtt) add(overrides, "mqtt.url", url, "--mqtt");
  add(overrides, "uplink.address", flags.uplink, "--uplink");
  add(overrides, "fleet.bind", flags.bind, "--bind");
  for (const std::string& pair : flags.set) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos) return invalid_input("--set " + pair + ": write KEY=VALUE");
    overrides.push_back({pair.substr(0, equals), pair.substr(equals + 1), "--set"});
  }
  return source;
}

}  // namespace doppel

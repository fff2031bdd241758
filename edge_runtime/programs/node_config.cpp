#include "edge_runtime/programs/node_config.h"

#include <CLI/CLI.hpp>

#include "edge_runtime/programs/command_line.h"
#include "edge_runtime/programs/output.h"

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

void add_set_option(CLI::App& app, ConfigFlags& flags, const std::string& help) {
  app.add_option("--set", flags.set, help)
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& pair) { return pair.find('=') == std::string::npos ? pair + ": write KEY=VALUE" : std::string(); });
}

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
    overrides.push_back({pair.substr(0, equals), pair.substr(equals + 1), "--set"});
  }
  return source;
}

int fail_to_configure(const Error& error, const ConfigSource& source, Role role) {
  ConfigSource flags_alone = source;
  flags_alone.toml.clear();
  const bool is_sound = role == Role::edge ? load_edge_config(flags_alone).has_value() : load_coordinator_config(flags_alone).has_value();
  return fail(error, is_sound || source.overrides.empty() ? kFailed : kUsage);
}

}  // namespace doppel

#include "edge_runtime/pipeline/pipeline_config.h"

#include <nlohmann/json.hpp>

namespace doppel {
namespace {

using Json = nlohmann::ordered_json;

Json rule_json(const MappingRule& rule) {
  Json fields = Json::array();
  for (const auto& field : rule.fields) fields.push_back({field.pointer, field.name});
  return {{"topic", rule.topic}, {"twin", rule.twin},         {"model", rule.model},   {"property", rule.property},
          {"time", rule.time},   {"event_id", rule.event_id}, {"fields", fields},      {"format", static_cast<int>(rule.format)}};
}

MappingRule rule_from(const Json& json) {
  MappingRule rule;
  rule.topic = json.at("topic");
  rule.twin = json.at("twin");
  rule.model = json.at("model");
  rule.property = json.at("property");
  rule.time = json.at("time");
  rule.event_id = json.at("event_id");
  rule.format = static_cast<PayloadFormat>(json.at("format").get<int>());
  for (const auto& field : json.at("fields")) rule.fields.push_back({field.at(0), field.at(1)});
  return rule;
}

Json limits_json(const DecodeLimits& limits) {
  return {{"payload_bytes", limits.payload_bytes}, {"value_bytes", limits.value_bytes}, {"name_bytes", limits.name_bytes},
          {"fields", limits.fields},               {"depth", limits.depth},             {"time_ahead_ns", limits.time_ahead.count()}};
}

DecodeLimits limits_from(const Json& json) {
  DecodeLimits limits;
  limits.payload_bytes = json.at("payload_bytes");
  limits.value_bytes = json.at("value_bytes");
  limits.name_bytes = json.at("name_bytes");
  limits.fields = json.at("fields");
  limits.depth = json.at("depth");
  limits.time_ahead = Duration(json.at("time_ahead_ns").get<std::int64_t>());
  return limits;
}

PipelineConfig config_from(const Json& json) {
  PipelineConfig config;
  config.edge = json.at("edge");
  const auto& mapping = json.at("mapping");
  for (const auto& rule : mapping.at("rules")) config.mapping.rules.push_back(rule_from(rule));
  config.mapping.default_rule = mapping.at("default_rule");
  config.mapping.limits = limits_from(mapping.at("limits"));
  config.windows.clear();
  for (const auto& window : json.at("windows")) {
    config.windows.push_back({window.at("name"), Duration(window.at("length_ns").get<std::int64_t>()), window.at("group_by"), window.at("properties")});
  }
  const auto& rules = json.at("window_rules");
  config.window_rules = {Duration(rules.at("lateness_ns").get<std::int64_t>()), Duration(rules.at("flush_ns").get<std::int64_t>()),
                         Duration(rules.at("retain_ns").get<std::int64_t>()), rules.at("max_rows")};
  if (json.contains("repeats")) {
    const auto& repeats = json.at("repeats");
    config.repeats = {repeats.at("topics"), repeats.at("event_ids"), Duration(repeats.at("event_id_age_ns").get<std::int64_t>())};
  }
  config.max_twins = json.at("max_twins");
  config.max_names = json.at("max_names");
  config.max_dead_letters = json.at("max_dead_letters");
  config.max_functions = json.value("max_functions", config.max_functions);
  config.max_held_bytes = json.value("max_held_bytes", config.max_held_bytes);
  config.failure_fuel = json.value("failure_fuel", config.failure_fuel);
  config.has_broker = json.value("has_broker", config.has_broker);
  config.uplink_twins = json.at("uplink_twins").get<std::vector<std::string>>();
  return config;
}

}  // namespace

std::string to_json(const PipelineConfig& config) {
  Json rules = Json::array(), windows = Json::array();
  for (const auto& rule : config.mapping.rules) rules.push_back(rule_json(rule));
  for (const auto& window : config.windows) {
    windows.push_back({{"name", window.name}, {"length_ns", window.length.count()}, {"group_by", window.group_by}, {"properties", window.properties}});
  }
  const auto& limits = config.window_rules;
  const Json json = {
      {"edge", config.edge},
      {"mapping", {{"rules", rules}, {"default_rule", config.mapping.default_rule}, {"limits", limits_json(config.mapping.limits)}}},
      {"windows", windows},
      {"window_rules",
       {{"lateness_ns", limits.lateness.count()}, {"flush_ns", limits.flush.count()}, {"retain_ns", limits.retain.count()}, {"max_rows", limits.max_rows}}},
      {"repeats",
       {{"topics", config.repeats.topics}, {"event_ids", config.repeats.event_ids}, {"event_id_age_ns", config.repeats.event_id_age.count()}}},
      {"max_twins", config.max_twins},
      {"max_names", config.max_names},
      {"max_dead_letters", config.max_dead_letters},
      {"max_functions", config.max_functions},
      {"max_held_bytes", config.max_held_bytes},
      {"failure_fuel", config.failure_fuel},
      {"has_broker", config.has_broker},
      {"uplink_twins", config.uplink_twins}};
  return json.dump();
}

Result<PipelineConfig> parse_pipeline_config(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return corrupt_data("a configuration record is no JSON");
  // nlohmann::json reports a missing or ill-typed member by an exception only.
  try {
    return config_from(json);
  } catch (const nlohmann::json::exception& problem) {
    return corrupt_data(std::string("a configuration record does not decode: ") + problem.what());
  }
}

}  // namespace doppel

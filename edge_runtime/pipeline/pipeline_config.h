// The part of the configuration that the fold depends on. It reaches the fold as a configuration record, never directly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/decode/mapping.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel {

struct WindowSpec {
  std::string name = "1m";
  Duration length = std::chrono::minutes(1);
  std::vector<std::string> group_by;            // labels, in the order of the group's text
  std::vector<std::string> properties = {"*"};  // globs over names
};

struct WindowRules {
  Duration lateness = std::chrono::seconds(5);
  Duration flush = std::chrono::seconds(60);
  Duration retain = std::chrono::hours(24);
  std::uint64_t max_rows = 100'000;
};

// What is remembered of each twin's messages, to tell a repeat.
struct RepeatRules {
  std::uint64_t topics = 1024;   // whose last payload is remembered; and so many retained messages that were refused
  std::uint64_t event_ids = 64;  // the last of them
  Duration event_id_age = std::chrono::hours(24);
};

struct PipelineConfig {
  std::string edge;                    // name; breaks ties between equal times in the fleet
  Mapping mapping;
  std::vector<WindowSpec> windows{WindowSpec{}};
  WindowRules window_rules;
  RepeatRules repeats;
  std::uint64_t max_twins = 100'000;
  std::uint64_t max_names = 100'000;
  std::uint64_t max_dead_letters = 1'000;
  std::uint64_t max_functions = 1'000;
  std::uint64_t max_held_bytes = 16u << 20;        // of functions that do not run now, together
  std::uint64_t failure_fuel = 1'000'000'000;  // that failing runs of a function may burn in a minute
  bool has_broker = true;                 // to take what functions publish
  std::vector<std::string> uplink_twins;  // MQTT filters over ids: whose latest values go up
};

std::string to_json(const PipelineConfig& config);
Result<PipelineConfig> parse_pipeline_config(std::string_view json);

}  // namespace doppel

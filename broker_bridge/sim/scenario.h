// What a simulated fleet is and does. `broker_bridge/sim/README.md` explains the file that says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "twin_store/model/result.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

// Fields make values over simulated time. Numbers of one device differ from those of the next by up to `spread` both ways.
struct ConstantField {
  Value value;
};
struct SineField {
  double mean = 0, amplitude = 1;
  Duration period = std::chrono::minutes(1);
};
struct WalkField {  // goes up or down by at most `step` a message and stays in [min, max]
  double start = 0, step = 1, min = 0, max = 0;
};
struct ChoiceField {  // a new one of `values` every `every`, or with every message
  std::vector<Value> values;
  Duration every{0};
};
struct CounterField {
  double start = 0, step = 1;
};

// A hump on a numeric field, now and then, of some devices: a pump that overheats.
struct Spikes {
  Duration every = std::chrono::minutes(5);
  Duration length = std::chrono::seconds(20);
  double add = 0;    // at its top
  double share = 1;  // of the devices that have them at all, 0 to 1
};

struct FieldSpec {
  std::string name;
  std::variant<ConstantField, SineField, WalkField, ChoiceField, CounterField> kind;
  double spread = 0;
  double noise = 0;  // up to this much both ways with every message
  int decimals = 3;
  std::optional<Spikes> spikes;
};

// Where the devices are: around a center, standing, or going round on circles of their own.
struct GeoSpec {
  double longitude = 0, latitude = 0;
  double radius_km = 1;
  double speed_kmh = 0;  // 0: they stand
};

enum class TimeFormat : std::uint8_t { seconds, milliseconds, rfc3339 };

struct DeviceGroup {
  std::string name;
  std::uint32_t count = 1;
  std::string topic;  // with {n}, {n:3} (the number from 1, with leading zeros) and the names of `parts`
  std::vector<std::pair<std::string, std::vector<std::string>>> parts;  // dealt out to the devices in turn
  double rate = 1;    // messages a second of each device
  std::uint8_t qos = 0;
  double loss_percent = 0;
  Duration disorder{0};      // a message may come up to this much after its time
  bool one_field_a_topic = false;  // each field as a scalar under TOPIC/FIELD, instead of one JSON object
  std::string time = "ts";   // the field with the event's time; "" : none
  TimeFormat time_format = TimeFormat::milliseconds;
  std::vector<FieldSpec> fields;
  std::optional<GeoSpec> geo;  // fields lon and lat
};

struct Scenario {
  std::uint64_t seed = 1;
  std::optional<Duration> duration;  // of simulated time; nothing: until it is stopped
  double speed = 1;                  // simulated seconds a second
  std::optional<Timestamp> start;    // simulated time of the beginning; nothing: see beginning_of in simulation.h
  std::vector<DeviceGroup> groups;
};

// Everything that is wrong is said at once, with the line. Errors: invalid_input, not_found (the file).
Result<Scenario> parse_scenario(std::string_view toml);
Result<Scenario> load_scenario(const std::string& file);

// What the command line says instead of the file.
struct ScenarioOverrides {
  std::optional<std::uint64_t> seed;
  std::optional<Duration> duration;
  std::optional<double> speed;
  std::optional<std::uint32_t> devices;  // of all groups together, in their proportion, at least one each
  std::optional<double> rate;            // messages a second of simulated time, of all devices together
  std::optional<double> loss_percent;
  std::optional<Duration> disorder;
  std::optional<std::uint8_t> qos;
};
Result<void> apply(const ScenarioOverrides& overrides, Scenario& scenario);

}  // namespace doppel

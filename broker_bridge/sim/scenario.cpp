#include "broker_bridge/sim/scenario.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "broker_bridge/decode/topic_filter.h"
#include "broker_bridge/sim/text_template.h"
#include "broker_bridge/sim/toml_reader.h"

namespace doppel {
namespace {

constexpr double kMaxDevices = 1e6;
constexpr double kMaxRate = 1e5;
constexpr double kMaxSpeed = 1e6;
constexpr TomlReader::Range kAnyNumber{-1e15, 1e15};

class ScenarioParser {
 public:
  Result<Scenario> parse(const TomlNode& table) {
    Scenario scenario;
    TomlReader reader(table, "scenario", problems_);
    if (const auto seed = reader.integer("seed", {0, 9e15})) scenario.seed = static_cast<std::uint64_t>(*seed);
    scenario.duration = reader.duration("duration");
    scenario.speed = reader.number("speed", {1e-3, kMaxSpeed}).value_or(1);
    if (const auto start = reader.text("start")) {
      scenario.start = parse_rfc3339(*start);
      if (!scenario.start) reader.report("start", "not a time such as \"2026-01-31T12:00:00Z\"");
    }
    for (const auto* group : reader.tables("devices")) scenario.groups.push_back(read_group(*group, scenario.groups.size() + 1));
    if (scenario.groups.empty()) reader.report("there is no [[devices]]");
    reader.report_unknown_keys();
    if (problems_.empty()) return scenario;
    std::string message;
    for (const auto& problem : problems_) message += (message.empty() ? "" : "\n") + problem;
    return invalid_input(std::move(message));
  }

 private:
  static const TomlNode::Table& members(const TomlNode& table) { return *table.as<TomlNode::Table>(); }

  DeviceGroup read_group(const TomlNode& table, std::size_t number) {
    DeviceGroup group;
    TomlReader reader(table, "devices " + std::to_string(number), problems_);
    group.name = reader.text("name").value_or("devices " + std::to_string(number));
    group.count = static_cast<std::uint32_t>(reader.integer("count", {1, kMaxDevices}).value_or(1));
    group.rate = reader.number("rate", {1e-6, kMaxRate}).value_or(1);
    group.qos = static_cast<std::uint8_t>(reader.integer("qos", {0, 2}).value_or(0));
    group.loss_percent = reader.number("loss", {0, 100}).value_or(0);
    group.disorder = reader.duration("disorder").value_or(Duration::zero());
    group.one_field_a_topic = reader.choice("payload", {"json", "scalar"}).value_or(0) == 1;
    group.time = reader.text("time").value_or("ts");
    group.time_format = static_cast<TimeFormat>(reader.choice("time_format", {"s", "ms", "rfc3339"}).value_or(1));
    if (const auto* parts = reader.table("parts")) read_parts(*parts, group);
    read_topic(reader, group);
    if (const auto* fields = reader.table("fields")) read_fields(*fields, group);
    if (group.fields.empty()) reader.report("there are no fields");
    if (const auto* geo = reader.table("geo")) group.geo = read_geo(*geo, group.name);
    reader.report_unknown_keys();
    return group;
  }

  void read_parts(const TomlNode& table, DeviceGroup& group) {
    TomlReader reader(table, group.name + ".parts", problems_);
    for (const auto& [key, node] : members(table)) group.parts.emplace_back(key, reader.texts(key));
    std::erase_if(group.parts, [](const auto& part) { return part.second.empty(); });
  }

  void read_topic(TomlReader& reader, DeviceGroup& group) {
    group.topic = reader.text("topic").value_or("");
    if (!reader.has("topic")) return reader.report("there is no topic");
    for (const auto& name : template_names(group.topic)) {
      const bool known = name == "n" || std::any_of(group.parts.begin(), group.parts.end(),
                                                    [&](const auto& part) { return part.first == name; });
      if (!known) reader.report("topic", "{" + name + "} is neither {n} nor a key of parts");
    }
    if (auto ok = check_topic(group.topic); !ok) reader.report("topic", ok.error().message);
  }

  void read_fields(const TomlNode& table, DeviceGroup& group) {
    for (const auto& [key, node] : members(table)) {
      const std::string place = group.name + ".fields." + key;
      if (node.as<TomlNode::Table>()) {
        group.fields.push_back(read_field(node, key, place));
      } else if (auto value = scalar_of(node)) {
        group.fields.push_back({key, ConstantField{std::move(*value)}, 0, 0, 3, {}});
      } else {
        problems_.push_back("line " + std::to_string(node.line) + ": " + place + ": neither a value nor a table");
      }
    }
  }

  FieldSpec read_field(const TomlNode& table, std::string name, const std::string& place) {
    FieldSpec field;
    TomlReader reader(table, place, problems_);
    field.name = std::move(name);
    field.spread = reader.number("spread", {0, 1e15}).value_or(0);
    field.noise = reader.number("noise", {0, 1e15}).value_or(0);
    field.decimals = static_cast<int>(reader.integer("decimals", {0, 15}).value_or(3));
    read_kind(reader, field);
    if (const auto* spikes = reader.table("spikes")) field.spikes = read_spikes(*spikes, place);
    reader.report_unknown_keys();
    return field;
  }

  static void read_kind(TomlReader& reader, FieldSpec& field) {
    const auto kind = reader.choice("kind", {"constant", "sine", "walk", "choice", "counter"});
    if (!reader.has("kind")) reader.report("there is no kind: constant, sine, walk, choice or counter");
    if (!kind) return;
    switch (*kind) {
      case 0: field.kind = ConstantField{reader.scalar("value").value_or(Value())}; return;
      case 1:
        field.kind = SineField{reader.number("mean", kAnyNumber).value_or(0), reader.number("amplitude", kAnyNumber).value_or(1),
                               reader.duration("period").value_or(std::chrono::minutes(1))};
        return;
      case 2: field.kind = read_walk(reader); return;
      case 3: {
        if (!reader.has("values")) reader.report("there are no values to choose from");
        field.kind = ChoiceField{reader.scalars("values"), reader.duration("every").value_or(Duration::zero())};
        return;
      }
      default:
        field.kind = CounterField{reader.number("start", kAnyNumber).value_or(0), reader.number("step", kAnyNumber).value_or(1)};
    }
  }

  static WalkField read_walk(TomlReader& reader) {
    WalkField walk;
    walk.start = reader.number("start", kAnyNumber).value_or(0);
    walk.step = reader.number("step", {0, 1e15}).value_or(1);
    walk.min = reader.number("min", kAnyNumber).value_or(-1e15);
    walk.max = reader.number("max", kAnyNumber).value_or(1e15);
    if (walk.min > walk.max || walk.start < walk.min || walk.start > walk.max)
      reader.report("start is not between min and max");
    return walk;
  }

  Spikes read_spikes(const TomlNode& table, const std::string& place) {
    Spikes spikes;
    TomlReader reader(table, place + ".spikes", problems_);
    spikes.every = reader.duration("every").value_or(spikes.every);
    spikes.length = reader.duration("length").value_or(spikes.length);
    spikes.add = reader.number("add", kAnyNumber).value_or(0);
    spikes.share = reader.number("share", {0, 1}).value_or(1);
    if (spikes.length > spikes.every) reader.report("length is longer than every");
    reader.report_unknown_keys();
    return spikes;
  }

  GeoSpec read_geo(const TomlNode& table, const std::string& group) {
    GeoSpec geo;
    TomlReader reader(table, group + ".geo", problems_);
    geo.longitude = reader.number("lon", {-180, 180}).value_or(0);
    geo.latitude = reader.number("lat", {-85, 85}).value_or(0);
    geo.radius_km = reader.number("radius_km", {0, 1000}).value_or(1);
    geo.speed_kmh = reader.number("speed_kmh", {0, 1000}).value_or(0);
    if (!reader.has("lon") || !reader.has("lat")) reader.report("lon and lat are needed");
    reader.report_unknown_keys();
    return geo;
  }

  Problems problems_;
};

}  // namespace

Result<Scenario> parse_scenario(std::string_view text) {
  const auto document = parse_toml(text);
  if (!document) return invalid_input("line " + document.error().message);
  return ScenarioParser().parse(*document);
}

Result<Scenario> load_scenario(const std::string& file) {
  std::ifstream in(file);
  if (!in) return not_found("scenario \"" + file + "\" cannot be opened");
  std::stringstream text;
  text << in.rdbuf();
  auto scenario = parse_scenario(text.str());
  if (!scenario) return Error{scenario.error().code, file + ":\n" + scenario.error().message};
  return scenario;
}

namespace {

Result<void> check(const ScenarioOverrides& overrides) {
  const auto inside = [](std::optional<double> value, double least, double most) {
    return !value || (*value >= least && *value <= most);
  };
  if (overrides.devices && !inside(*overrides.devices, 1, kMaxDevices))
    return invalid_input("the number of devices is 1 to 1000000");
  if (!inside(overrides.rate, 1e-6, 1e7)) return invalid_input("the rate is 0.000001 to 10000000 messages a second");
  if (!inside(overrides.speed, 1e-3, kMaxSpeed)) return invalid_input("the speed is 0.001 to 1000000");
  if (!inside(overrides.loss_percent, 0, 100)) return invalid_input("the loss is 0 to 100 percent");
  if (overrides.qos && *overrides.qos > 2) return invalid_input("the QoS is 0, 1 or 2");
  return {};
}

}  // namespace

Result<void> apply(const ScenarioOverrides& overrides, Scenario& scenario) {
  if (auto ok = check(overrides); !ok) return ok;
  double devices = 0;
  for (const auto& group : scenario.groups) devices += group.count;
  if (overrides.devices) {
    for (auto& group : scenario.groups)
      group.count = static_cast<std::uint32_t>(std::max(1.0, std::round(group.count * (*overrides.devices / devices))));
  }
  double rate = 0;
  for (const auto& group : scenario.groups) rate += group.rate * group.count;
  for (auto& group : scenario.groups) {
    if (overrides.rate) group.rate *= *overrides.rate / rate;
    group.loss_percent = overrides.loss_percent.value_or(group.loss_percent);
    group.disorder = overrides.disorder.value_or(group.disorder);
    group.qos = overrides.qos.value_or(group.qos);
  }
  scenario.seed = overrides.seed.value_or(scenario.seed);
  scenario.speed = overrides.speed.value_or(scenario.speed);
  if (overrides.duration) scenario.duration = overrides.duration;
  return {};
}

}  // namespace doppel

#include "edge_runtime/fntool/example.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>

namespace doppel::fntool {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kFirstTime = 1'767'225'600'000'000'000;  // 2026-01-01, for events that give no time
constexpr std::int64_t kSecond = 1'000'000'000;

constexpr std::pair<std::string_view, TriggerKind> kTriggers[] = {{"topic", TriggerKind::topic},
                                                                  {"twin_change", TriggerKind::twin_change},
                                                                  {"alarm", TriggerKind::alarm},
                                                                  {"emitted", TriggerKind::emitted}};

Value value_of(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null: return Value(ValueView::null());
    case Json::value_t::boolean: return Value(ValueView::boolean(json.get<bool>()));
    case Json::value_t::number_integer: return Value(ValueView::of(json.get<std::int64_t>()));
    case Json::value_t::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return Value(ValueView::of(json.get<double>()));
      return Value(ValueView::of(json.get<std::int64_t>()));
    case Json::value_t::number_float: return Value(ValueView::of(json.get<double>()));
    case Json::value_t::string: return Value(ValueView::text(json.get_ref<const std::string&>()));
    default: return Value(ValueView::json(json.dump()));
  }
}

void flatten(const Json& object, const std::string& prefix, Fields& fields) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object() && !value.empty()) flatten(value, prefix + key + ".", fields);
    else fields.insert_or_assign(prefix + key, value_of(value));
  }
}

// A whole number is written without a fraction, whether the function gave an integer or a number.
std::string value_text(const ValueView& value) {
  if (const auto integer = value.kind == ValueKind::number ? value.as_integer() : std::nullopt) return std::to_string(*integer);
  std::string out;
  append_json(out, value);
  return out;
}

std::string effect_line(std::size_t event, const std::string& kind, std::string_view name, std::string_view target,
                        const ValueView& value, std::uint64_t detail) {
  std::string out = "{\"event\": " + std::to_string(event) + ", \"kind\": \"" + kind + "\"";
  const auto add = [&](const char* key, std::string_view text) {
    out += std::string(", \"") + key + "\": ";
    append_json_string(out, text);
  };
  if (!name.empty()) add("name", name);
  if (!target.empty()) add("target", target);
  if (value.kind != ValueKind::null) out += ", \"value\": " + value_text(value);
  if (detail != 0) out += ", \"detail\": " + std::to_string(detail);
  return out + "}";
}

// Collects what it cannot read, and goes on.
class Reader {
 public:
  Result<Example> read(const Json& root) {
    known(root, "the example", {"description", "twins", "events", "effects", "state"});
    example_.description = string(root, "description", "the example").value_or("");
    for (const auto& [twin, properties] : member(root, "twins", Json::value_t::object).items())
      flatten(properties, "", example_.twins[twin]);
    for (const Json& event : member(root, "events", Json::value_t::array)) read_event(event);
    for (const Json& effect : member(root, "effects", Json::value_t::array)) read_effect(effect);
    for (const auto& [twin, fields] : member(root, "state", Json::value_t::object).items()) read_state(twin, fields);
    if (example_.events.empty()) wrong("events", "there are none");
    if (!problems_.empty()) return invalid_input(problems_);
    return std::move(example_);
  }

 private:
  void wrong(const std::string& where, const std::string& what) {
    problems_ += (problems_.empty() ? "" : "\n") + where + ": " + what;
  }

  // An empty one where it is absent or of another type.
  const Json& member(const Json& root, const char* key, Json::value_t type) {
    static const Json kNothing = Json::array();
    const auto found = root.find(key);
    if (found == root.end()) return kNothing;
    if (found->type() == type) return *found;
    wrong(key, type == Json::value_t::array ? "is not a list" : "is not an object");
    return kNothing;
  }

  void known(const Json& object, const std::string& where, std::initializer_list<const char*> keys) {
    if (!object.is_object()) return wrong(where, "is not an object");
    for (const auto& [key, value] : object.items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) wrong(where, "unknown key " + key);
    }
  }

  std::optional<std::string> string(const Json& object, const char* key, const std::string& where) {
    if (!object.is_object() || !object.contains(key)) return std::nullopt;
    if (object[key].is_string()) return object[key].get<std::string>();
    wrong(where, std::string(key) + " is not a string");
    return std::nullopt;
  }

  void read_event(const Json& json) {
    const std::size_t index = example_.events.size();
    const std::string where = "event " + std::to_string(index);
    ExampleEvent event;
    known(json, where, {"twin", "payload", "time", "topic", "trigger"});
    event.twin = string(json, "twin", where).value_or("");
    if (event.twin.empty()) wrong(where, "twin is missing");
    event.topic = string(json, "topic", where).value_or(event.twin);
    event.time = from_nanoseconds(kFirstTime + static_cast<std::int64_t>(index) * kSecond);
    if (const auto text = string(json, "time", where)) {
      const auto time = parse_rfc3339(*text);
      if (time) event.time = *time;
      else wrong(where, "time \"" + *text + "\" is not of the form 2026-01-01T00:00:00Z");
    }
    if (const auto trigger = string(json, "trigger", where)) {
      const auto* found =
          std::find_if(std::begin(kTriggers), std::end(kTriggers), [&](const auto& entry) { return entry.first == *trigger; });
      if (found != std::end(kTriggers)) event.trigger = found->second;
      else wrong(where, "trigger \"" + *trigger + "\" is not one of topic, twin_change, alarm, emitted");
    }
    if (json.is_object() && json.contains("payload")) {
      event.payload = json["payload"].dump();
      if (json["payload"].is_object()) flatten(json["payload"], "", event.fields);
    }
    example_.events.push_back(std::move(event));
  }

  void read_effect(const Json& json) {
    const std::string where = "effect " + std::to_string(example_.effects.size());
    known(json, where, {"event", "kind", "name", "target", "value", "detail"});
    if (!json.is_object()) return;
    if (!json.contains("event") || !json["event"].is_number_unsigned()) return wrong(where, "event is not the index of an event");
    if (json.contains("detail") && !json["detail"].is_number_unsigned()) return wrong(where, "detail is not a number");
    const auto kind = string(json, "kind", where).value_or("");
    const auto name = string(json, "name", where).value_or("");
    const auto target = string(json, "target", where).value_or("");
    const Value value = json.contains("value") ? value_of(json["value"]) : Value();
    example_.effects.push_back(
        effect_line(json["event"].get<std::size_t>(), kind, name, target, value.view(), json.value("detail", std::uint64_t{0})));
  }

  void read_state(const std::string& twin, const Json& fields) {
    auto& out = example_.state[twin];
    if (!fields.is_array()) return wrong("state of " + twin, "is not a list like [{\"f64\": 1.5}, {\"u32\": 2}]");
    for (const Json& field : fields) {
      if (!field.is_object() || field.size() != 1 || !field.begin().value().is_number()) {
        wrong("state of " + twin, field.dump() + " is not like {\"f64\": 1.5}");
        continue;
      }
      out.push_back({field.begin().key(), value_text(value_of(field.begin().value()).view())});
    }
  }

  Example example_;
  std::string problems_;
};

// Takes one value of type T from a block, at its natural alignment.
template <class T>
std::string take(std::string_view block, std::size_t& at) {
  at = (at + sizeof(T) - 1) / sizeof(T) * sizeof(T);
  if (at + sizeof(T) > block.size()) return "outside the block";
  T value;
  std::memcpy(&value, block.data() + at, sizeof value);
  at += sizeof value;
  if constexpr (std::is_floating_point_v<T>) return value_text(ValueView::of(static_cast<double>(value)));
  return std::to_string(value);
}

std::string take_field(const std::string& type, std::string_view block, std::size_t& at) {
  if (type == "f64") return take<double>(block, at);
  if (type == "f32") return take<float>(block, at);
  if (type == "i64") return take<std::int64_t>(block, at);
  if (type == "u64") return take<std::uint64_t>(block, at);
  if (type == "i32") return take<std::int32_t>(block, at);
  if (type == "u32") return take<std::uint32_t>(block, at);
  if (type == "i16") return take<std::int16_t>(block, at);
  if (type == "u16") return take<std::uint16_t>(block, at);
  if (type == "i8") return take<std::int8_t>(block, at);
  if (type == "u8") return take<std::uint8_t>(block, at);
  return "of no known type";
}

}  // namespace

Result<Example> parse_example(const std::string& text) {
  try {
    return Reader().read(Json::parse(text));
  } catch (const Json::exception& error) {
    return invalid_input(error.what());
  }
}

std::string effect_text(const Effect& effect, std::size_t event) {
  return effect_line(event, std::string(to_string(effect.kind)), effect.name, effect.target, effect.value, effect.detail);
}

std::string state_text(std::string_view block, const std::vector<StateField>& like) {
  std::vector<StateField> found;
  std::size_t at = 0;
  for (const StateField& field : like) found.push_back({field.type, take_field(field.type, block, at)});
  return state_text(found);
}

std::string state_text(const std::vector<StateField>& fields) {
  std::string out = "[";
  for (const StateField& field : fields) out += (out.size() == 1 ? "" : ", ") + field.type + " " + field.value;
  return out + "]";
}

}  // namespace doppel::fntool

#include "edge_runtime/pipeline/twin_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace doppel {
namespace {

// Writes the members of an object, with commas between them.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_time(std::string& out, Timestamp time) { out += '"' + format_rfc3339(time) + '"'; }

std::optional<double> number_at(const Twin& twin, const NameTable& names, std::string_view property) {
  const auto name = names.find(property);
  const PropertySlot* slot = name ? twin.find(*name) : nullptr;
  return slot == nullptr ? std::nullopt : twin.view(*slot).as_number();
}

// Longitude and latitude under their usual names, when both are there and in range.
std::optional<std::pair<double, double>> position_of(const Twin& twin, const NameTable& names) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPairs{
      {{"lon", "lat"}, {"lng", "lat"}, {"longitude", "latitude"}, {"geo.lon", "geo.lat"}, {"location.lon", "location.lat"}}};
  for (const auto& [longitude, latitude] : kPairs) {
    const auto lon = number_at(twin, names, longitude), lat = number_at(twin, names, latitude);
    if (lon && lat && *lon >= -180 && *lon <= 180 && *lat >= -90 && *lat <= 90) return std::pair(*lon, *lat);
  }
  return std::nullopt;
}

void append_property(const Twin& twin, const PropertySlot* slot, const DesiredValue* desired, std::optional<bool> fresh, std::string& out) {
  ObjectWriter property(out);
  if (slot != nullptr) {
    append_json(property.member("v"), twin.view(*slot));
    append_time(property.member("ts"), slot->time);
    property.member("rev") += std::to_string(std::max(slot->rev, desired == nullptr ? 0 : desired->rev));  // what If-Match is held against
    if (fresh) property.member("fresh") += *fresh ? "true" : "false";
  } else {
    property.member("v") += "null";
    property.member("rev") += std::to_string(desired->rev);
  }
  if (desired != nullptr) {
    append_json(property.member("desired"), desired->value.view());
    append_time(property.member("pending_since"), desired->since);
  }
  property.close();
}

const DesiredValue* find_desired(const Twin& twin, Name name) {
  for (const auto& desired : twin.desired) {
    if (desired.name == name) return &desired;
  }
  return nullptr;
}

void append_properties(const Twin& twin, const NameTable& names, std::optional<Timestamp> fresh_from, std::string& out) {
  ObjectWriter properties(out);
  for (const auto& slot : twin.properties) {
    const DesiredValue* desired = find_desired(twin, slot.name);
    std::optional<bool> fresh;
    if (fresh_from) fresh = slot.time >= *fresh_from;
    append_property(twin, &slot, desired, fresh, properties.member(names.text(slot.name)));
  }
  for (const auto& desired : twin.desired) {
    if (twin.find(desired.name) != nullptr) continue;
    append_property(twin, nullptr, &desired, std::nullopt, properties.member(names.text(desired.name)));
  }
  properties.close();
}

void append_head(ObjectWriter& object, const Twin& twin) {
  append_json_string(object.member("id"), twin.id);
  object.member("rev") += std::to_string(twin.rev);
  object.member("events") += std::to_string(twin.events);
  if (twin.events == 0) {
    object.member("last_seen") += "null";
  } else {
    append_time(object.member("last_seen"), twin.last_seen);
  }
}

void append_facts(ObjectWriter& object, const Twin& twin, const NameTable& names) {
  if (twin.model) {
    append_json_string(object.member("model"), names.text(*twin.model));
  } else {
    object.member("model") += "null";
  }
  ObjectWriter labels(object.member("labels"));
  for (const auto& label : twin.labels) append_json_string(labels.member(names.text(label.name)), names.text(label.value));
  labels.close();
  std::string& geo = object.member("geo");
  const auto position = position_of(twin, names);
  if (!position) {
    geo += "null";
    return;
  }
  geo += '[';
  append_json(geo, ValueView::of(position->first));
  geo += ',';
  append_json(geo, ValueView::of(position->second));
  geo += ']';
}

}  // namespace

std::string_view twin_status(const Twin& twin, Timestamp now, const Freshness& freshness) {
  return status_of(twin.events == 0 ? std::nullopt : std::optional(twin.last_seen), now, freshness);
}

void append_twin_json(const Twin& twin, const NameTable& names, Timestamp now, const Freshness& freshness, TwinDetail detail, std::string& out) {
  ObjectWriter object(out);
  if (detail == TwinDetail::values) {
    append_json_string(object.member("id"), twin.id);
    ObjectWriter values(object.member("properties"));
    for (const auto& slot : twin.properties) append_json(values.member(names.text(slot.name)), twin.view(slot));
    values.close();
    object.close();
    return;
  }
  append_head(object, twin);
  append_json_string(object.member("status"), twin_status(twin, now, freshness));
  append_facts(object, twin, names);
  append_properties(twin, names, now - freshness.stale_after, object.member("properties"));
  object.close();
}

void append_stored_twin_json(const Twin& twin, const NameTable& names, std::string& out) {
  ObjectWriter object(out);
  append_head(object, twin);
  append_facts(object, twin, names);
  append_properties(twin, names, std::nullopt, object.member("properties"));
  object.close();
}

}  // namespace doppel

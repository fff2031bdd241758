#include "broker_bridge/sim/fleet.h"

#include <cmath>
#include <numbers>

#include "broker_bridge/sim/text_template.h"

namespace doppel {
namespace {

constexpr double kKilometersPerDegree = 111.2;
constexpr int kPlaceDecimals = 6;

Duration seconds(double count) { return Duration(static_cast<std::int64_t>(count * 1e9)); }

}  // namespace

Fleet::Fleet(Scenario scenario, Timestamp start) : scenario_(std::move(scenario)), start_(start) {
  for (std::size_t i = 0; i < scenario_.groups.size(); ++i) add_group(scenario_.groups[i], mix64(scenario_.seed, i));
}

void Fleet::add_group(const DeviceGroup& group, std::uint64_t seed) {
  for (std::uint32_t n = 1; n <= group.count; ++n) {
    TemplateWords words{{"n", std::to_string(n)}};
    for (const auto& [part, names] : group.parts) words.emplace_back(part, names[(n - 1) % names.size()]);
    Device device{&group, fill_template(group.topic, words), Random(mix64(seed, n)), {}, 0, 0};
    device.place_angle = device.random.unit();
    device.place_distance = std::sqrt(device.random.unit());  // as many in each square kilometer
    for (const auto& field : group.fields) device.fields.emplace_back(field, device.random);
    due_.push({seconds(device.random.unit() / group.rate), devices_.size()});
    devices_.push_back(std::move(device));
  }
}

bool Fleet::next(SimMessage& message) {
  while (!due_.empty() && (held_.empty() || due_.top().at <= held_.top().message.at)) {
    const Due due = due_.top();
    due_.pop();
    if (scenario_.duration && due.at >= *scenario_.duration) continue;
    make(due);
    due_.push({due.at + seconds(1 / devices_[due.device].group->rate), due.device});
  }
  if (held_.empty()) return false;
  message = held_.top().message;
  held_.pop();
  return true;
}

void Fleet::make(const Due& due) {
  Device& device = devices_[due.device];
  const DeviceGroup& group = *device.group;
  if (group.one_field_a_topic) {
    for (std::size_t i = 0; i < device.fields.size(); ++i) {
      std::string value;
      device.fields[i].append(due.at, device.random, value);
      hold(device, due.at, device.topic + '/' + group.fields[i].name, std::move(value));
    }
    return;
  }
  std::string payload = "{";
  append_time(group, due.at, payload);
  append_place(device, due.at, payload);
  for (std::size_t i = 0; i < device.fields.size(); ++i) {
    if (payload.size() > 1) payload += ',';
    append_json_string(payload, group.fields[i].name);
    payload += ':';
    device.fields[i].append(due.at, device.random, payload);
  }
  payload += '}';
  hold(device, due.at, device.topic, std::move(payload));
}

void Fleet::hold(const Device& device, Duration at, std::string topic, std::string payload) {
  // Of its own, so that the values of a fleet do not depend on what is lost or late.
  Random fate(mix64(scenario_.seed, made_++));
  const DeviceGroup& group = *device.group;
  if (fate.unit() * 100 < group.loss_percent) {
    ++lost_;
    return;
  }
  const Duration late(static_cast<std::int64_t>(fate.unit() * static_cast<double>(group.disorder.count())));
  held_.push({{at + late, std::move(topic), std::move(payload), group.qos}, made_});
}

void Fleet::append_time(const DeviceGroup& group, Duration at, std::string& payload) const {
  if (group.time.empty()) return;
  append_json_string(payload, group.time);
  payload += ':';
  const Timestamp time = start_ + at;
  const std::int64_t milliseconds = to_nanoseconds(time) / 1'000'000;
  switch (group.time_format) {
    case TimeFormat::seconds: return append_number(payload, static_cast<double>(milliseconds) / 1000, 3);
    case TimeFormat::milliseconds: payload += std::to_string(milliseconds); return;
    case TimeFormat::rfc3339: return append_json_string(payload, format_rfc3339(from_nanoseconds(milliseconds * 1'000'000)));
  }
}

void Fleet::append_place(const Device& device, Duration at, std::string& payload) const {
  if (!device.group->geo) return;
  const GeoSpec& geo = *device.group->geo;
  const double distance = geo.radius_km * device.place_distance;
  const double hours = static_cast<double>(at.count()) / 3.6e12;
  const double turned = distance > 0 ? geo.speed_kmh * hours / distance : 0;
  const double angle = 2 * std::numbers::pi * device.place_angle + turned;
  const double latitude = geo.latitude + distance * std::sin(angle) / kKilometersPerDegree;
  const double narrower = std::cos(geo.latitude * std::numbers::pi / 180);
  const double longitude = geo.longitude + distance * std::cos(angle) / (kKilometersPerDegree * narrower);
  if (payload.size() > 1) payload += ',';
  payload += "\"lon\":";
  append_number(payload, longitude, kPlaceDecimals);
  payload += ",\"lat\":";
  append_number(payload, latitude, kPlaceDecimals);
}

}  // namespace doppel

#include "edge_runtime/pipeline/alerts_and_alarms.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kVersion = 1;

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string out;
  ByteWriter writer(out);
  for (const auto part : parts) writer.put_bytes(part);
  return out;
}

std::string encode(const Alert& alert) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kVersion);
  writer.put_bytes(alert.function);
  writer.put(to_nanoseconds(alert.since));
  const ValueView value = alert.value.view();
  writer.put(value.kind);
  writer.put(value.integer);
  writer.put_bytes(value.content);
  return out;
}

bool decode(std::string_view key, std::string_view bytes, Alert& alert) {
  ByteReader names(key), reader(bytes);
  alert.twin = names.take_bytes();
  alert.name = names.take_bytes();
  if (reader.take<std::uint8_t>() != kVersion) return false;
  alert.function = reader.take_bytes();
  alert.since = from_nanoseconds(reader.take<std::int64_t>());
  ValueView value;
  value.kind = reader.take<ValueKind>();
  value.integer = reader.take<std::int64_t>();
  value.content = reader.take_bytes();
  if (static_cast<std::uint8_t>(value.kind) > kLastValueKind) return false;
  alert.value = Value(value);
  return names.ok() && names.at_end() && reader.ok() && reader.at_end();
}

}  // namespace

std::optional<Alert> decode_alert(std::string_view key, std::string_view value) {
  Alert alert;
  if (!decode(key, value, alert)) return std::nullopt;
  return alert;
}

std::string alert_json(const Alert& alert) {
  std::string json = "{\"twin\":";
  append_json_string(json, alert.twin);
  json += ",\"alert\":";
  append_json_string(json, alert.name);
  json += ",\"function\":";
  append_json_string(json, alert.function);
  json += ",\"value\":";
  append_json(json, alert.value.view());
  return json + ",\"since\":\"" + format_rfc3339(alert.since) + "\"}";
}

Result<void> Alerts::load(const StoreReader& store) {
  bool good = true;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    good = good && decode(key, value, alerts_[std::string(key)]);
  });
  if (!read) return read;
  if (!good) return corrupt_data("a stored alert does not decode");
  return {};
}

void Alerts::take_changes(std::vector<RowChange>& changes) {
  for (const auto& key : changed_) {
    const auto at = alerts_.find(key);
    changes.push_back({kTable, key, at == alerts_.end() ? std::nullopt : std::optional(encode(at->second))});
  }
  changed_.clear();
}

Alerts::Raised Alerts::raise(Alert alert) {
  const std::string key = joined({alert.twin, alert.name});
  const auto at = alerts_.find(key);
  if (at == alerts_.end()) {
    if (alerts_.size() >= kMost) return Raised::over_limit;
    alerts_.emplace(key, std::move(alert));
    changed_.insert(key);
    return Raised::anew;
  }
  if (at->second.value == alert.value) return Raised::unchanged;
  at->second.value = std::move(alert.value);
  changed_.insert(key);
  return Raised::with_another_value;
}

bool Alerts::clear(const std::string& twin, const std::string& name) {
  const std::string key = joined({twin, name});
  if (alerts_.erase(key) == 0) return false;
  changed_.insert(key);
  return true;
}

const Alert* Alerts::find(const std::string& twin, const std::string& name) const {
  const auto at = alerts_.find(joined({twin, name}));
  return at == alerts_.end() ? nullptr : &at->second;
}

void Alerts::for_each(const std::function<void(const Alert&)>& visit) const {
  for (const auto& [key, alert] : alerts_) visit(alert);
}

Result<void> Alarms::load(const StoreReader& store) {
  bool good = true;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    ByteReader names(key), reader(value);
    Alarm alarm;
    alarm.function = names.take_bytes();
    alarm.twin = names.take_bytes();
    alarm.name = names.take_bytes();
    const Timestamp due = from_nanoseconds(reader.take<std::int64_t>());
    alarms_[alarm] = due;
    due_.insert({due, std::move(alarm)});
    good = good && names.ok() && names.at_end() && reader.ok() && reader.at_end();
  });
  if (!read) return read;
  if (!good) return corrupt_data("a stored alarm does not decode");
  return {};
}

void Alarms::take_changes(std::vector<RowChange>& changes) {
  for (const auto& alarm : changed_) {
    std::optional<std::string> value;
    if (const auto at = alarms_.find(alarm); at != alarms_.end()) ByteWriter(value.emplace()).put(to_nanoseconds(at->second));
    changes.push_back({kTable, joined({alarm.function, alarm.twin, alarm.name}), std::move(value)});
  }
  changed_.clear();
}

void Alarms::set(const Alarm& alarm, Timestamp due) {
  cancel(alarm);
  alarms_[alarm] = due;
  due_.insert({due, alarm});
  changed_.insert(alarm);
}

void Alarms::cancel(const Alarm& alarm) {
  const auto at = alarms_.find(alarm);
  if (at == alarms_.end()) return;
  due_.erase({at->second, alarm});
  alarms_.erase(at);
  changed_.insert(alarm);
}

void Alarms::cancel_all_of(const std::string& function) {
  for (auto at = alarms_.lower_bound({function, "", ""}); at != alarms_.end() && at->first.function == function;) {
    due_.erase({at->second, at->first});
    changed_.insert(at->first);
    at = alarms_.erase(at);
  }
}

std::optional<Timestamp> Alarms::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

std::vector<std::pair<Timestamp, Alarm>> Alarms::take_due(Timestamp lane_time) {
  std::vector<std::pair<Timestamp, Alarm>> due;
  while (!due_.empty() && due_.begin()->first <= lane_time) {
    due.push_back(*due_.begin());
    alarms_.erase(due_.begin()->second);
    changed_.insert(due_.begin()->second);
    due_.erase(due_.begin());
  }
  return due;
}

}  // namespace doppel

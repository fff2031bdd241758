// The fold's core: the events of a wave are applied to their twins, functions run over them, and what they ask for is applied, so
// that the result for a twin is that of applying its events one at a time in journal order (rule 12).
#include <algorithm>
#include <cmath>
#include <tuple>

#include "broker_bridge/decode/topic_filter.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "edge_runtime/pipeline/uplink_rows.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

// A twin's latest values go up at most this often.
constexpr Duration kLiveInterval = std::chrono::seconds(1);

const ColumnSpec* find_column(const std::vector<ColumnSpec>& columns, std::string_view name) {
  const auto at = std::find_if(columns.begin(), columns.end(), [&](const ColumnSpec& c) { return c.name == name; });
  return at == columns.end() ? nullptr : &*at;
}

// True when the value can stand where the manifest says that this type is written.
bool fits(const ValueView& value, ValueKind type) {
  switch (type) {
    case ValueKind::number: return value.as_number().has_value();
    case ValueKind::integer: return value.as_integer().has_value();
    default: return value.kind == type;
  }
}

std::string text_of(const ValueView& value) {
  if (value.kind == ValueKind::text || value.kind == ValueKind::bytes) return std::string(value.content);
  std::string json;
  append_json(json, value);
  return json;
}

}  // namespace

void Pipeline::run_waves() {
  for (depth_ = 0; !wave_.empty(); ++depth_) {
    if (depth_ > kMostWaves) {
      for (std::uint32_t i = 0; i < wave_.size(); ++i) {
        dead_letter(wave_[i], "wave_limit", "events that cause events go at most " + std::to_string(kMostWaves) + " deep in a batch", nullptr);
      }
      wave_.clear();
      return;
    }
    process_wave();
    std::swap(wave_, next_wave_);
    next_wave_.clear();
  }
}

void Pipeline::process_wave() {
  ++wave_number_;
  if (functions_.empty()) {
    for (std::uint32_t i = 0; i < wave_.size(); ++i) report(wave_[i]);
    return;
  }
  report_.clear();
  if (wave_needs_rounds()) {
    process_in_rounds();
  } else {
    process_at_once();
  }
}

bool Pipeline::wave_needs_rounds() {
  name_seen_.resize(names_.size(), 0);
  for (std::uint32_t i = 0; i < wave_.size(); ++i) {
    if (!wave_[i].reports) continue;
    for (const auto& field : wave_.fields(wave_[i])) name_seen_[static_cast<std::uint32_t>(field.name)] = wave_number_;
  }
  return functions_.needs_rounds([&](Name name) {
    const auto number = static_cast<std::uint32_t>(name);
    return number < name_seen_.size() && name_seen_[number] == wave_number_;
  });
}

// No function sees what another event of the wave changes: all runs first, then every item with what it caused, in order.
void Pipeline::process_at_once() {
  std::vector<std::uint32_t> all(wave_.size());
  for (std::uint32_t i = 0; i < wave_.size(); ++i) all[i] = i;
  run_functions(all);
  auto& effects = report_.effects;
  std::stable_sort(effects.begin(), effects.end(), [](const ProducedEffect& a, const ProducedEffect& b) {
    return std::tie(a.item, a.function) < std::tie(b.item, b.function);
  });
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < wave_.size(); ++i) {
    report(wave_[i]);
    while (next < effects.size() && effects[next].item == i) {
      std::size_t end = next;
      while (end < effects.size() && effects[end].item == i && effects[end].function == effects[next].function) ++end;
      apply_effects({effects.data() + next, end - next});
      next = end;
    }
  }
  finish_runs();
}

// In round k the k-th event of every twin: a run holds at most one event of a twin, and sees what those before it left.
void Pipeline::process_in_rounds() {
  std::uint32_t rounds = 0;
  for (std::uint32_t i = 0; i < wave_.size(); ++i) {
    wave_[i].ordinal = twins_[wave_[i].twin].items++;
    rounds = std::max(rounds, wave_[i].ordinal + 1);
  }
  std::vector<std::vector<std::uint32_t>> by_round(rounds);
  for (std::uint32_t i = 0; i < wave_.size(); ++i) {
    by_round[wave_[i].ordinal].push_back(i);
    twins_[wave_[i].twin].items = 0;
  }
  std::vector<std::uint32_t> wanting;
  for (const auto& round : by_round) {
    for (const auto item : round) report(wave_[item]);
    for (FunctionSet::Number function = 0; function < functions_.size(); ++function) {
      wanting.clear();
      for (const auto item : round) {
        const auto wanted = wave_.functions(wave_[item]);
        if (std::find(wanted.begin(), wanted.end(), function) != wanted.end()) wanting.push_back(item);
      }
      if (wanting.empty()) continue;
      report_.clear();
      runs_.run(function, wanting, wave_, obey_, arena_, report_);
      const auto& effects = report_.effects;
      for (std::size_t next = 0; next < effects.size();) {
        std::size_t end = next;
        while (end < effects.size() && effects[end].item == effects[next].item) ++end;
        apply_effects({effects.data() + next, end - next});
        next = end;
      }
      finish_runs();
    }
  }
}

void Pipeline::run_functions(std::span<const std::uint32_t> items) {
  wanted_.resize(functions_.size());
  for (const auto item : items) {
    for (const auto function : wave_.functions(wave_[item])) wanted_[function].push_back(item);
  }
  for (FunctionSet::Number function = 0; function < functions_.size(); ++function) {
    if (!wanted_[function].empty()) runs_.run(function, wanted_[function], wave_, obey_, arena_, report_);
    wanted_[function].clear();
  }
}

// Failures become dead letters, log lines leave through the outbox.
void Pipeline::finish_runs() {
  for (auto& failure : report_.failures) {
    dead_letter(wave_[failure.item], std::move(failure.reason), std::move(failure.detail), &functions_[failure.function]);
  }
  for (auto& line : report_.log) {
    const ProducedEffect of_run{line.item, line.function, UINT32_MAX, {}};
    OutboxRow row;
    row.kind = OutboxKind::log;
    row.target = functions_[line.function].name();
    row.qos = line.line.level;
    row.payload = std::move(line.line.text);
    push_row(of_run, std::move(row));
  }
  for (auto& decision : report_.decisions) decided_.push_back(std::move(decision));
}

void Pipeline::report(const WaveItem& item) {
  if (!item.reports) return;
  Twin& twin = touch(item.twin);
  ++twin.rev;
  if (item.is_message) {
    ++twin.events;
    ++counts_.events;
    twin.last_seen = std::max(twin.last_seen, item.arrival);
    if (item.model) twin.model = item.model;
    set_labels(twin, item);
  }
  for (const auto& field : wave_.fields(item)) {
    const PropertySlot* slot = twin.find(field.name);
    if (slot != nullptr && slot->time > item.time) {
      ++counts_.out_of_order;
      continue;
    }
    set_property(item.twin, field.name, field.value, item.time, item);
  }
  if (item.is_message) add_to_windows(twin, item);
}

void Pipeline::set_labels(Twin& twin, const WaveItem& item) {
  const auto labels = wave_.labels(item);
  if (labels.empty() || std::equal(labels.begin(), labels.end(), twin.labels.begin(), twin.labels.end())) return;
  twin.labels.assign(labels.begin(), labels.end());
  twin.groups.clear();
}

void Pipeline::add_to_windows(Twin& twin, const WaveItem& item) {
  if (twin.groups.empty()) {
    Windows::Labels labels;
    for (const auto& label : twin.labels) labels.emplace_back(names_.text(label.name), names_.text(label.value));
    for (std::size_t window = 0; window < windows_->window_count(); ++window) twin.groups.push_back(windows_->group_of(window, labels));
  }
  numeric_.clear();
  for (const auto& field : wave_.fields(item)) {
    const auto number = field.value.as_number();
    if (!number) continue;
    if (std::isfinite(*number)) {
      numeric_.push_back({field.name, *number});
    } else {
      ++counts_.not_finite;
    }
  }
  windows_->add({item.time, item.arrival, item.origin, hash64(twin.id), twin.groups, numeric_});
}

// The twin's rev has been raised for the change set that this belongs to.
void Pipeline::set_property(TwinIndex index, Name name, const ValueView& value, Timestamp time, const WaveItem& cause) {
  Twin& twin = twins_[index];
  if (functions_.wants_changes()) {
    const PropertySlot* slot = twin.find(name);
    const ValueView before = slot == nullptr ? ValueView::null() : twin.view(*slot);
    if (slot == nullptr || !(before == value)) queue_change(index, name, before, value, cause);
  }
  twin.set(name, value, time);
  if (twin.desired.empty()) return;
  const auto reached = [&](const DesiredValue& desired) { return desired.name == name && desired.value.view() == value; };
  std::erase_if(twin.desired, reached);
}

// A change triggers functions in the next wave, once, with the old value and the new.
void Pipeline::queue_change(TwinIndex index, Name name, const ValueView& before, const ValueView& after, const WaveItem& cause) {
  const auto functions = functions_.for_change(names_.text(name));
  const auto old_name = names_.intern("old"), new_name = names_.intern("new");
  if (functions.empty() || !old_name || !new_name) return;
  const auto kept = [&](ValueView value) {
    value.content = arena_.copy(value.content);
    return value;
  };
  WaveItem& item = next_wave_.add();
  item.twin = index;
  item.origin = cause.origin;
  item.arrival = cause.arrival;
  item.time = cause.time;
  item.trigger = TriggerKind::twin_change;
  item.topic = names_.text(name);
  next_wave_.add_field(*old_name, kept(before));
  next_wave_.add_field(*new_name, kept(after));
  next_wave_.add_functions(functions);
}

void Pipeline::apply_effects(std::span<const ProducedEffect> effects) {
  ActiveFunction& function = functions_[effects.front().function];
  bool has_rev = false;  // one change set for all properties that this event and function set
  for (const auto& produced : effects) {
    if (apply_effect(produced, has_rev)) {
      ++function.meters.effects;
    } else {
      ++function.meters.denied;
    }
  }
}

// False when no grant covers the effect.
bool Pipeline::apply_effect(const ProducedEffect& produced, bool& has_rev) {
  switch (produced.effect.kind) {
    case EffectKind::set: return apply_set(produced, has_rev);
    case EffectKind::remove: return apply_remove(produced, has_rev);
    case EffectKind::send: return apply_send(produced);
    case EffectKind::emit: return apply_emit(produced);
    case EffectKind::publish: return apply_publish(produced);
    case EffectKind::alert_raise:
    case EffectKind::alert_clear: return apply_alert(produced), true;
    case EffectKind::alarm_set:
    case EffectKind::alarm_cancel: return apply_alarm(produced), true;
    case EffectKind::log: {
      OutboxRow row;
      row.kind = OutboxKind::log;
      row.target = functions_[produced.function].name();
      row.qos = static_cast<std::uint8_t>(produced.effect.detail);
      row.payload = text_of(produced.effect.value);
      push_row(produced, std::move(row));
      return true;
    }
    default: return false;
  }
}

bool Pipeline::apply_set(const ProducedEffect& produced, bool& has_rev) {
  const ColumnSpec* declared = find_column(functions_[produced.function].manifest.writes, produced.effect.name);
  const auto name = names_.intern(produced.effect.name);
  if (declared == nullptr || !name || !fits(produced.effect.value, declared->type)) return false;
  const WaveItem& item = wave_[produced.item];
  Twin& twin = touch(item.twin);
  if (!has_rev) ++twin.rev;
  has_rev = true;
  const PropertySlot* slot = twin.find(*name);
  // The function decides what the property is; its time never goes back.
  set_property(item.twin, *name, produced.effect.value, slot == nullptr ? item.time : std::max(slot->time, item.time), item);
  return true;
}

bool Pipeline::apply_remove(const ProducedEffect& produced, bool& has_rev) {
  const ColumnSpec* declared = find_column(functions_[produced.function].manifest.writes, produced.effect.name);
  const auto name = names_.find(produced.effect.name);
  if (declared == nullptr) return false;
  const WaveItem& item = wave_[produced.item];
  if (!name || twins_[item.twin].find(*name) == nullptr) return true;
  Twin& twin = touch(item.twin);
  if (!has_rev) ++twin.rev;
  has_rev = true;
  if (functions_.wants_changes()) queue_change(item.twin, *name, twin.view(*twin.find(*name)), ValueView::null(), item);
  twin.remove(*name);
  return true;
}

bool Pipeline::apply_send(const ProducedEffect& produced) {
  const auto& effect = produced.effect;
  if (!matches_any(functions_[produced.function].manifest.grants.send, effect.target)) return false;
  const WaveItem& cause = wave_[produced.item];
  if (effect.target.empty() || effect.target.size() > kMaxTwinId) {
    dead_letter(cause, "bad_target", "an event sent to a twin id of " + std::to_string(effect.target.size()) + " bytes; allowed are 1 to " + std::to_string(kMaxTwinId),
                &functions_[produced.function]);
    return true;
  }
  const TwinIndex target = twins_.find_or_make(effect.target, config_.max_twins);
  if (target == kNoTwin) {
    dead_letter(cause, "twin_limit", "there are " + std::to_string(config_.max_twins) + " twins already (store.max_twins)", &functions_[produced.function]);
    return true;
  }
  WaveItem& item = next_wave_.add();
  item.twin = target;
  item.origin = cause.origin;
  item.arrival = cause.arrival;
  item.time = cause.time;
  item.trigger = TriggerKind::emitted;
  item.reports = true;
  item.topic = effect.name;
  if (!add_fields(effect.value, item, "value")) {
    dead_letter(cause, "bad_payload", "the event sent to " + std::string(effect.target) + " has fields that do not decode", &functions_[produced.function]);
  }
  next_wave_.add_functions(functions_.for_emitted(effect.name));
  return true;
}

bool Pipeline::apply_emit(const ProducedEffect& produced) {
  const auto functions = functions_.for_emitted(produced.effect.name);
  if (functions.empty()) return true;
  const WaveItem& cause = wave_[produced.item];
  WaveItem& item = next_wave_.add();
  item.twin = cause.twin;
  item.origin = cause.origin;
  item.arrival = cause.arrival;
  item.time = cause.time;
  item.trigger = TriggerKind::emitted;
  item.topic = produced.effect.name;
  if (!add_fields(produced.effect.value, item, "value")) {
    dead_letter(cause, "bad_payload", "the event emitted as " + std::string(produced.effect.name) + " has fields that do not decode", &functions_[produced.function]);
  }
  next_wave_.add_functions(functions);
  return true;
}

// Gives the newest item of the next wave its fields: those of a JSON object, or one of that name.
bool Pipeline::add_fields(const ValueView& value, WaveItem& item, std::string_view scalar_name) {
  if (value.kind == ValueKind::null) return true;
  if (value.kind != ValueKind::json) {
    const auto name = names_.intern(scalar_name);
    if (name) next_wave_.add_field(*name, value);
    return name.has_value();
  }
  events_.clear();
  DecodedEvent& event = events_.add();
  if (!decoder_->decode_object(value.content, arena_, event)) return false;
  if (event.time) item.time = *event.time;
  for (const auto& field : event.fields) {
    const auto name = names_.intern(field.name);
    if (!name) return false;
    next_wave_.add_field(*name, field.value);
  }
  return true;
}

bool Pipeline::apply_publish(const ProducedEffect& produced) {
  const auto& effect = produced.effect;
  const bool granted = check_topic(effect.target).has_value() && matches_any(functions_[produced.function].manifest.grants.publish, effect.target);
  const std::uint32_t qos = effect.detail & 3;
  if (!granted || qos > 2) return false;
  OutboxRow row;
  row.kind = OutboxKind::publish;
  row.qos = static_cast<std::uint8_t>(qos);
  row.retain = (effect.detail & 4) != 0;
  row.target = effect.target;
  row.payload = text_of(effect.value);
  push_row(produced, std::move(row));
  return true;
}

void Pipeline::apply_alert(const ProducedEffect& produced) {
  const WaveItem& item = wave_[produced.item];
  const Alert alert{twins_[item.twin].id, std::string(produced.effect.name), functions_[produced.function].name(), Value(produced.effect.value), item.time};
  if (produced.effect.kind == EffectKind::alert_raise) {
    if (alerts_.raise(alert)) push_row(produced, alert_row(alert, mark_, true));
    return;
  }
  if (alerts_.clear(alert.twin, alert.name)) push_row(produced, alert_row(alert, mark_, false));
}

void Pipeline::apply_alarm(const ProducedEffect& produced) {
  const WaveItem& item = wave_[produced.item];
  const Alarm alarm{functions_[produced.function].name(), twins_[item.twin].id, std::string(produced.effect.name)};
  const auto after = produced.effect.value.as_integer();
  if (produced.effect.kind == EffectKind::alarm_cancel) return alarms_.cancel(alarm);
  // Never at the same instant: an alarm that sets itself must not fire for ever in one batch.
  alarms_.set(alarm, lane_time(item.arrival) + std::max(Duration(after.value_or(0)), Duration(std::chrono::milliseconds(1))));
}

void Pipeline::push_row(const ProducedEffect& produced, OutboxRow row) {
  tagged_.push_back({depth_, wave_[produced.item].origin, functions_[produced.function].name(), produced.index, std::move(row)});
}

// Coalesced: the twin goes up once, after the interval, with the values that it has then.
void Pipeline::queue_live(TwinIndex index) {
  const Twin& twin = twins_[index];
  if (!goes_up(twin)) return;
  const Alarm live{"", twin.id, ""};  // of no function, see fire_due
  if (!alarms_.has(live)) alarms_.set(live, lane_time(now_) + kLiveInterval);
}

}  // namespace doppel

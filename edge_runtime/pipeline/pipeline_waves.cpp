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

constexpr std::size_t kShownValue = 64;  // bytes of a value that a message quotes

constexpr Duration kLongestAlarm = std::chrono::hours(24) * 3'650;

// 21 and 21.0 are the same to who waits for a device to report what is desired.
bool is_same(const ValueView& a, const ValueView& b) {
  if (a == b) return true;
  const auto x = a.as_number(), y = b.as_number();
  return x && y && *x == *y;
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
    ++wave_of_batch_;
    next_wave_.sort_by_cause();
    std::swap(wave_, next_wave_);
    next_wave_.clear();
  }
}

void Pipeline::process_wave() {
  ++wave_number_;
  std::uint64_t among_its_origin = 0;
  for (std::uint32_t i = 0; i < wave_.size(); ++i) {
    WaveItem& item = wave_[i];
    const bool same_origin = i != 0 && wave_[i - 1].origin == item.origin;
    among_its_origin = same_origin ? among_its_origin + 1 : 0;
    item.seed = item.kept != nullptr ? item.kept->seed : mix64(mix64(to_number(item.origin), static_cast<std::uint64_t>(item.trigger)), std::uint64_t{depth_} << 32 | among_its_origin);
  }
  // Before the rounds, which change the order: sums are made in journal order.
  for (std::uint32_t i = 0; i < wave_.size(); ++i) {
    if (wave_[i].is_message) add_to_windows(wave_[i]);
  }
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
  all_items_.resize(wave_.size());
  for (std::uint32_t i = 0; i < wave_.size(); ++i) all_items_[i] = i;
  run_functions(all_items_);
  auto& effects = report_.effects;
  std::sort(effects.begin(), effects.end(), [](const ProducedEffect& a, const ProducedEffect& b) {
    return std::tie(a.item, a.function, a.index) < std::tie(b.item, b.function, b.index);
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
  if (by_round_.size() < rounds) by_round_.resize(rounds);
  for (auto& round : by_round_) round.clear();
  for (std::uint32_t i = 0; i < wave_.size(); ++i) {
    by_round_[wave_[i].ordinal].push_back(i);
    twins_[wave_[i].twin].items = 0;
  }
  for (std::uint32_t number = 0; number < rounds; ++number) {
    const auto& round = by_round_[number];
    for (const auto item : round) report(wave_[item]);
    for (FunctionSet::Number function = 0; function < functions_.size(); ++function) {
      wanting_.clear();
      for (const auto item : round) {
        const auto wanted = wave_.functions(wave_[item]);
        if (std::find(wanted.begin(), wanted.end(), function) != wanted.end()) wanting_.push_back(item);
      }
      if (wanting_.empty()) continue;
      report_.clear();
      runs_.run(function, wanting_, place(number), report_);
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
    if (!wanted_[function].empty()) runs_.run(function, wanted_[function], place(0), report_);
    wanted_[function].clear();
  }
}

// Failures become dead letters, what a function does not get now is held, log lines leave through the outbox.
void Pipeline::finish_runs() {
  for (auto& failure : report_.failures) {
    dead_letter(wave_[failure.item], std::move(failure.reason), std::move(failure.detail), &functions_[failure.function], RetryAs::event);
  }
  for (const auto& withheld : report_.withheld) hold(withheld);
  for (const auto number : report_.stopped) tell_stopped(number);
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
  }
  bool fits = true;
  for (const auto& field : wave_.fields(item)) {
    const PropertySlot* slot = twin.find(field.name);
    if (slot != nullptr && slot->time > item.time) {
      ++counts_.out_of_order;
      continue;
    }
    fits = set_property(item.twin, field.name, field.value, item.time, item) && fits;
  }
  if (!fits) dead_letter(item, "property_limit", "a twin has at most " + std::to_string(Twin::kMostProperties) + " properties; those beyond were not set", nullptr);
}

void Pipeline::set_labels(Twin& twin, const WaveItem& item) {
  const auto labels = wave_.labels(item);
  if (labels.empty() || std::equal(labels.begin(), labels.end(), twin.labels.begin(), twin.labels.end())) return;
  twin.labels.assign(labels.begin(), labels.end());
  twin.groups.clear();
}

void Pipeline::add_to_windows(const WaveItem& item) {
  Twin& twin = twins_[item.twin];
  set_labels(twin, item);
  if (twin.groups.empty() || twin.group_generation != windows_->group_generation()) {
    labels_.clear();
    for (const auto& label : twin.labels) labels_.emplace_back(names_.text(label.name), names_.text(label.value));
    twin.groups.clear();
    for (std::size_t window = 0; window < windows_->window_count(); ++window) twin.groups.push_back(windows_->group_of(window, labels_));
    twin.group_generation = windows_->group_generation();
  }
  numeric_.clear();
  const auto fields = wave_.fields(item);
  for (std::uint32_t i = 0; i < fields.size(); ++i) {
    if (item.time_field == i) continue;
    const auto& field = fields[i];
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
bool Pipeline::set_property(TwinIndex index, Name name, const ValueView& value, Timestamp time, const WaveItem& cause) {
  Twin& twin = twins_[index];
  const PropertySlot* slot = twin.find(name);
  if (slot == nullptr && twin.properties.size() >= Twin::kMostProperties) return false;
  if (functions_.wants_changes()) {
    const ValueView before = slot == nullptr ? ValueView::null() : twin.view(*slot);
    if (slot == nullptr || !(before == value)) queue_change(index, name, before, value, cause);
  }
  twin.set(name, value, time);
  if (twin.desired.empty()) return true;
  std::erase_if(twin.desired, [&](const DesiredValue& desired) { return desired.name == name && is_same(desired.value.view(), value); });
  return true;
}

bool Pipeline::can_cause(const WaveItem& cause, const ActiveFunction* function) {
  if (next_wave_.size() < kMostInWave) return true;
  dead_letter(cause, "wave_limit", "the events of a batch cause more than " + std::to_string(kMostInWave) + " others at once", function);
  return false;
}

// Begins an item of the next wave.
WaveItem& Pipeline::add_caused(const WaveItem& cause, TwinIndex twin, TriggerKind trigger, std::string_view topic) {
  WaveItem& item = next_wave_.add();
  item.twin = twin;
  item.origin = cause.origin;
  item.arrival = cause.arrival;
  item.time = cause.time;
  item.trigger = trigger;
  item.topic = topic;
  item.cause = wave_.number_of(cause);
  return item;
}

// A change triggers functions in the next wave, once, with the old value and the new.
void Pipeline::queue_change(TwinIndex index, Name name, const ValueView& before, const ValueView& after, const WaveItem& cause) {
  const auto functions = functions_.for_change(names_.text(name));
  if (functions.empty() || !can_cause(cause, nullptr)) return;
  const auto kept = [&](ValueView value) {
    value.content = arena_.copy(value.content);
    return value;
  };
  add_caused(cause, index, TriggerKind::twin_change, names_.text(name));
  next_wave_.add_field(old_name_, kept(before));
  next_wave_.add_field(new_name_, kept(after));
  next_wave_.add_functions(functions);
}

void Pipeline::apply_effects(std::span<const ProducedEffect> effects) {
  ActiveFunction& function = functions_[effects.front().function];
  bool has_rev = false;  // one change set for all properties that this event and function set
  for (const auto& produced : effects) {
    const Applied applied = apply_effect(produced, has_rev);
    switch (applied) {
      case Applied::yes: ++function.meters.effects; continue;
      case Applied::not_granted: ++function.meters.denied; break;
      case Applied::unsupported: ++function.meters.unsupported; break;
      case Applied::mismatched: ++function.meters.mismatched; break;
    }
    deny(produced, applied);
  }
}

void Pipeline::deny(const ProducedEffect& produced, Applied reason) {
  const std::string& function = functions_[produced.function].name();
  const auto is_same = [&](const DeniedEffect& denied) { return denied.function == function && denied.reason == reason; };
  if (std::any_of(denied_.begin(), denied_.end(), is_same)) return;
  const Effect& effect = produced.effect;
  denied_.push_back({function, effect.kind, std::string(effect.target.empty() ? effect.name : effect.target), twins_[wave_[produced.item].twin].id, reason,
                     why_denied(produced, reason)});
}

std::string Pipeline::why_denied(const ProducedEffect& produced, Applied reason) const {
  if (reason == Applied::not_granted) return "its manifest grants no such effect";
  if (reason == Applied::unsupported) return "this version of doppel performs no such effect";
  const Effect& effect = produced.effect;
  if (effect.kind == EffectKind::publish) return "QoS " + std::to_string(effect.detail & 3) + ", allowed are 0 to 2";
  const ColumnSpec* declared = find_column(functions_[produced.function].manifest.writes, effect.name);
  const std::string value = text_of(effect.value).substr(0, kShownValue);
  return "property " + std::string(effect.name) + " is declared as " + std::string(to_string(declared->type)) + ", which the " +
         std::string(to_string(effect.value.kind)) + (is_utf8(value) ? " " + value : "") + " does not become without a loss";
}

// What is not applied is counted and named; what has a dead letter has been dealt with.
Pipeline::Applied Pipeline::apply_effect(const ProducedEffect& produced, bool& has_rev) {
  switch (produced.effect.kind) {
    case EffectKind::set: return apply_set(produced, has_rev);
    case EffectKind::remove: return apply_remove(produced, has_rev);
    case EffectKind::send: return apply_send(produced);
    case EffectKind::emit: return apply_emit(produced), Applied::yes;
    case EffectKind::publish: return apply_publish(produced);
    case EffectKind::alert_raise:
    case EffectKind::alert_clear: return apply_alert(produced), Applied::yes;
    case EffectKind::alarm_set:
    case EffectKind::alarm_cancel: return apply_alarm(produced);
    case EffectKind::log: {
      OutboxRow row;
      row.kind = OutboxKind::log;
      row.target = functions_[produced.function].name();
      row.qos = static_cast<std::uint8_t>(produced.effect.detail);
      row.payload = text_of(produced.effect.value);
      push_row(produced, std::move(row));
      return Applied::yes;
    }
    default: return Applied::unsupported;
  }
}

Pipeline::Applied Pipeline::apply_set(const ProducedEffect& produced, bool& has_rev) {
  const ColumnSpec* declared = find_column(functions_[produced.function].manifest.writes, produced.effect.name);
  if (declared == nullptr) return Applied::not_granted;
  const auto name = names_.find(produced.effect.name);  // interned when the function was activated
  const auto value = converted(produced.effect.value, declared->type);
  if (!name || !value) return Applied::mismatched;
  const WaveItem& item = wave_[produced.item];
  Twin& twin = touch(item.twin);
  if (!has_rev) ++twin.rev;
  has_rev = true;
  const PropertySlot* slot = twin.find(*name);
  // The function decides what the property is; its time never goes back.
  const Timestamp time = slot == nullptr ? item.time : std::max(slot->time, item.time);
  if (!set_property(item.twin, *name, *value, time, item)) {
    dead_letter(item, "property_limit", "a twin has at most " + std::to_string(Twin::kMostProperties) + " properties; " + std::string(produced.effect.name) + " was not set",
                &functions_[produced.function]);
  }
  return Applied::yes;
}

Pipeline::Applied Pipeline::apply_remove(const ProducedEffect& produced, bool& has_rev) {
  const ColumnSpec* declared = find_column(functions_[produced.function].manifest.writes, produced.effect.name);
  const auto name = names_.find(produced.effect.name);
  if (declared == nullptr) return Applied::not_granted;
  const WaveItem& item = wave_[produced.item];
  if (!name || twins_[item.twin].find(*name) == nullptr) return Applied::yes;
  Twin& twin = touch(item.twin);
  if (!has_rev) ++twin.rev;
  has_rev = true;
  if (functions_.wants_changes()) queue_change(item.twin, *name, twin.view(*twin.find(*name)), ValueView::null(), item);
  twin.remove(*name);
  removed_.push_back({item.twin, *name});
  return Applied::yes;
}

Pipeline::Applied Pipeline::apply_send(const ProducedEffect& produced) {
  const auto& effect = produced.effect;
  if (!matches_any(functions_[produced.function].manifest.grants.send, effect.target)) return Applied::not_granted;
  const WaveItem& cause = wave_[produced.item];
  if (effect.target.empty() || effect.target.size() > kMaxTwinId) {
    dead_letter(cause, "bad_target", "an event sent to a twin id of " + std::to_string(effect.target.size()) + " bytes; allowed are 1 to " + std::to_string(kMaxTwinId),
                &functions_[produced.function]);
    return Applied::yes;
  }
  if (!can_cause(cause, &functions_[produced.function])) return Applied::yes;
  const TwinIndex target = twins_.find_or_make(effect.target, config_.max_twins);
  if (target == kNoTwin) {
    dead_letter(cause, "twin_limit", "there are " + std::to_string(config_.max_twins) + " twins already (store.max_twins)", &functions_[produced.function]);
    return Applied::yes;
  }
  add_caused(cause, target, TriggerKind::emitted, effect.name).reports = true;
  add_fields(produced);
  next_wave_.add_functions(functions_.for_emitted(effect.name));
  return Applied::yes;
}

void Pipeline::apply_emit(const ProducedEffect& produced) {
  const auto functions = functions_.for_emitted(produced.effect.name);
  if (functions.empty()) return;
  const WaveItem& cause = wave_[produced.item];
  if (!can_cause(cause, &functions_[produced.function])) return;
  add_caused(cause, cause.twin, TriggerKind::emitted, produced.effect.name);
  add_fields(produced);
  next_wave_.add_functions(functions);
}

// Gives the newest item of the next wave the fields of the effect: those of a JSON object, or one named "value".
void Pipeline::add_fields(const ProducedEffect& produced) {
  const auto& effect = produced.effect;
  const auto refuse = [&](std::string reason, const std::string& why) {
    const std::string what(effect.kind == EffectKind::send ? "sent to " + std::string(effect.target) : "emitted as " + std::string(effect.name));
    dead_letter(wave_[produced.item], std::move(reason), "the event " + what + " lacks fields: " + why, &functions_[produced.function]);
  };
  if (effect.value.kind == ValueKind::null) return;
  const auto first = effect.value.content.find_first_not_of(" \t\r\n");
  const bool is_object = effect.value.kind == ValueKind::json && first != std::string_view::npos && effect.value.content[first] == '{';
  if (!is_object) return next_wave_.add_field(value_name_, effect.value);
  events_.clear();
  DecodedEvent& event = events_.add();
  if (auto decoded = decoder_->decode_object(effect.value.content, arena_, event); !decoded) return refuse("bad_payload", decoded.error().message);
  if (event.unnamed_fields != 0) return refuse("bad_payload", "the object has a field with an empty name");
  for (const auto& field : event.fields) {
    const auto name = names_.intern(field.name);
    if (!name) return refuse("name_limit", std::string(field.name) + " is one more than " + std::to_string(names_.limit()) + " names (store.max_names)");
    next_wave_.add_field(*name, field.value);
  }
}

Pipeline::Applied Pipeline::apply_publish(const ProducedEffect& produced) {
  const auto& effect = produced.effect;
  const bool granted = check_topic(effect.target).has_value() && matches_any(functions_[produced.function].manifest.grants.publish, effect.target);
  const std::uint32_t qos = effect.detail & 3;
  if (!granted) return Applied::not_granted;
  if (qos > 2) return Applied::mismatched;
  if (!config_.has_broker) {
    dead_letter(wave_[produced.item], "no_broker", "no [[mqtt]] takes the publication to " + std::string(effect.target), &functions_[produced.function]);
    return Applied::yes;
  }
  OutboxRow row;
  row.kind = OutboxKind::publish;
  row.qos = static_cast<std::uint8_t>(qos);
  row.retain = (effect.detail & 4) != 0;
  row.target = effect.target;
  row.payload = text_of(effect.value);
  push_row(produced, std::move(row));
  return Applied::yes;
}

void Pipeline::apply_alert(const ProducedEffect& produced) {
  const WaveItem& item = wave_[produced.item];
  const Alert alert{twins_[item.twin].id, std::string(produced.effect.name), functions_[produced.function].name(), Value(produced.effect.value), item.time};
  if (produced.effect.kind == EffectKind::alert_raise) return raise_alert(produced, alert);
  if (alerts_.clear(alert.twin, alert.name)) push_row(produced, alert_row(alert, mark_, false));
}

void Pipeline::raise_alert(const ProducedEffect& produced, const Alert& alert) {
  switch (alerts_.raise(alert)) {
    case Alerts::Raised::unchanged: return;
    case Alerts::Raised::over_limit:
      return dead_letter(wave_[produced.item], "alert_limit", "there are " + std::to_string(Alerts::kMost) + " alerts already; " + alert.name + " was not raised",
                         &functions_[produced.function]);
    case Alerts::Raised::anew:
    case Alerts::Raised::with_another_value: push_row(produced, alert_row(*alerts_.find(alert.twin, alert.name), mark_, true));
  }
}

Pipeline::Applied Pipeline::apply_alarm(const ProducedEffect& produced) {
  const WaveItem& item = wave_[produced.item];
  const Alarm alarm{functions_[produced.function].name(), twins_[item.twin].id, std::string(produced.effect.name)};
  if (produced.effect.kind == EffectKind::alarm_cancel) return alarms_.cancel(alarm), Applied::yes;
  const auto& triggers = functions_[produced.function].manifest.alarms;
  if (std::find(triggers.begin(), triggers.end(), alarm.name) == triggers.end()) return Applied::not_granted;
  // Never at the same instant: an alarm that sets itself must not fire for ever in one batch.
  const Duration after(produced.effect.value.as_integer().value_or(0));
  alarms_.set(alarm, lane_time(item.arrival) + std::clamp(after, Duration(std::chrono::milliseconds(1)), kLongestAlarm));
  return Applied::yes;
}

void Pipeline::push_row(const ProducedEffect& produced, OutboxRow row) {
  tagged_.push_back({depth_, wave_[produced.item].origin, arena_.copy(functions_[produced.function].name()), produced.item, produced.index, std::move(row)});
}

void Pipeline::push_row_of(const ActiveFunction& function, OutboxRow row) {
  tagged_.push_back({depth_, Position::none, arena_.copy(function.name()), 0, 0, std::move(row)});
}

// Coalesced: the twin goes up once, after the interval, with the values that it has then.
void Pipeline::queue_live(TwinIndex index) {
  const Twin& twin = twins_[index];
  if (!goes_up(twin)) return;
  const Alarm live{"", twin.id, ""};  // of no function, see fire_due
  if (!alarms_.has(live)) alarms_.set(live, lane_time(now_) + kLiveInterval);
}

}  // namespace doppel

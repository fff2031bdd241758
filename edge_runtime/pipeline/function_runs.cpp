#include "edge_runtime/pipeline/function_runs.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace doppel {
namespace {

constexpr std::string_view kHostFailure = "host_failure ", kUnavailable = "unavailable ";

}  // namespace

std::optional<ValueView> converted(const ValueView& value, ValueKind type) {
  if (type == ValueKind::number) {
    const auto number = value.as_number();
    return number ? std::optional(ValueView::of(*number)) : std::nullopt;
  }
  if (type == ValueKind::integer) {
    const auto integer = value.as_integer();
    return integer ? std::optional(ValueView::of(*integer)) : std::nullopt;
  }
  return value.kind == type ? std::optional(value) : std::nullopt;
}

void DurationHistogram::add(Duration duration) {
  const auto quarters = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)) / 250;
  ++counts_[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(quarters)), counts_.size() - 1)];
  ++total_;
}

double DurationHistogram::quantile_us(double q) const {
  if (total_ == 0) return 0;
  auto left = static_cast<std::uint64_t>(q * static_cast<double>(total_ - 1));
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (left < counts_[i]) return static_cast<double>(std::uint64_t{1} << i) / 4;
    left -= counts_[i];
  }
  return 0;
}

void FunctionRuns::run(FunctionSet::Number number, std::span<const std::uint32_t> items, const RunPlace& place, RunReport& report) {
  std::uint32_t runs = 0;
  const Call call{number, functions_[number], place, place.wave, report, runs};
  functions_.mark_dirty(number);
  check_loaded(call, items.front());
  while (!items.empty()) {
    if (call.function.is_held()) return withhold(call, items);
    const std::size_t built = build(call, items);
    attempt(call, items.first(built), true);
    items = items.subspan(built);
  }
}

// Whether a module can be loaded is no property of the journal: that it cannot be is decided when its first event comes, and holds
// until another activation.
void FunctionRuns::check_loaded(const Call& call, std::uint32_t first_item) {
  ActiveFunction& function = call.function;
  if (!function.unavailable.empty() || (function.runner != nullptr && call.place.obey.empty())) return;
  const std::string wanted = std::string(kUnavailable) + std::to_string(call.place.wave_of_batch) + '.' + std::to_string(call.place.round) + ' ';
  for (const Decision& decision : call.place.obey) {
    if (decision.subject == function.name() && decision.outcome.starts_with(wanted)) function.unavailable = decision.outcome.substr(wanted.size());
  }
  if (function.unavailable.empty() && function.runner == nullptr) {
    function.unavailable = function.load_failure;
    call.report.decisions.push_back({call.wave[first_item].origin, function.name(), wanted + function.unavailable});
  }
  if (!function.unavailable.empty()) call.report.stopped.push_back(call.number);
}

// Fills the builder with as many of the items as one run may hold, at least one. Returns how many.
std::size_t FunctionRuns::build(const Call& call, std::span<const std::uint32_t> items) {
  const auto& limits = call.function.manifest.limits;
  call.function.builder.begin();
  twins_in_run_.clear();
  ++run_number_;
  std::size_t count = 0;
  while (count < items.size() && count < limits.run_events && (count == 0 || call.function.builder.size() < limits.memory_bytes / 4)) {
    add_event(call, items[count++]);
  }
  return count;
}

void FunctionRuns::add_event(const Call& call, std::uint32_t number) {
  const WaveItem& item = call.wave[number];
  Twin& twin = twins_[item.twin];
  if (twin.run_number != run_number_) {
    twin.run_number = run_number_;
    twin.run_index = call.function.builder.add_twin(twin.id, call.function.state(item.twin));
    twins_in_run_.push_back(item.twin);
  }
  columns_.clear();
  for (std::size_t i = 0; i < call.function.columns.size(); ++i) columns_.push_back(column(call, item, i));
  RunEvent event;
  event.time = item.time;
  event.arrival = item.arrival;
  event.position = item.origin;
  event.seed = item.seed;
  event.trigger = item.trigger;
  event.twin = twin.run_index;
  event.topic = item.topic;
  event.payload = item.payload;
  call.function.builder.add_event(event, columns_);
}

ValueView FunctionRuns::column(const Call& call, const WaveItem& item, std::size_t number) const {
  const Name name = call.function.columns[number];
  const ColumnSpec& spec = call.function.manifest.reads[number];
  const auto as_column = [&](const ValueView& value) { return converted(value, spec.type).value_or(ValueView::null()); };
  if (!spec.of_twin) {
    for (const auto& field : call.wave.fields(item)) {
      if (field.name == name) return as_column(field.value);
    }
    return ValueView::null();
  }
  if (item.kept != nullptr) return as_column(item.kept->of_twin_value(spec.name));
  return as_column(twins_[item.twin].column(name));
}

// The builder holds the items. What the run gave is in result_.
void FunctionRuns::make_run(const Call& call, std::span<const std::uint32_t> items) {
  const RunPlace& place = call.place;
  const std::string run_name = std::to_string(place.wave_of_batch) + '.' + std::to_string(place.round) + '.' + std::to_string(call.runs++);
  if (!place.obey.empty() && obey(call, run_name)) return;
  const auto input = call.function.builder.finish();
  if (input.size() > call.function.manifest.limits.memory_bytes / 2) {
    result_.outcome = RunOutcome::exceeded_memory;
    result_.reason = "the input of the run takes " + std::to_string(input.size()) + " bytes, more than half of the memory limit of " +
                     std::to_string(call.function.manifest.limits.memory_bytes);
    result_.backtrace.clear();
    result_.progress = static_cast<std::uint32_t>(items.size());
    result_.fuel = 0;
    return;
  }
  call.function.runner->run(input, result_);
  RunTimes& times = times_[call.function.name()];
  times.start_histogram.add(result_.start);
  times.run_histogram.add(result_.run);
  if (result_.outcome != RunOutcome::host_failure) return;
  // Nothing that a replay could not know reaches the fold.
  result_.fuel = 0;
  result_.backtrace.clear();
  call.report.decisions.push_back({call.wave[items.front()].origin, call.function.name(),
                                   std::string(kHostFailure) + run_name + ' ' + std::to_string(result_.progress) + ' ' + result_.reason});
}

// True when it was decided how this run ends.
bool FunctionRuns::obey(const Call& call, const std::string& run_name) {
  const std::string wanted = std::string(kHostFailure) + run_name + ' ';
  for (const Decision& decision : call.place.obey) {
    if (decision.subject != call.function.name() || !decision.outcome.starts_with(wanted)) continue;
    const char* begin = decision.outcome.data() + wanted.size();
    const char* end = decision.outcome.data() + decision.outcome.size();
    result_.outcome = RunOutcome::host_failure;
    const auto [after, error] = std::from_chars(begin, end, result_.progress);
    if (error != std::errc{}) result_.progress = UINT32_MAX;  // trusted by nobody: the events are halved
    result_.reason.assign(after == end ? end : after + 1, end);
    result_.backtrace.clear();
    result_.fuel = 0;
    return true;
  }
  return false;
}

void FunctionRuns::withhold(const Call& call, std::span<const std::uint32_t> items) {
  for (const auto item : items) call.report.withheld.push_back({item, call.number});
}

// True when all of the items succeeded, in as many runs as that takes.
bool FunctionRuns::attempt(const Call& call, std::span<const std::uint32_t> items, bool trust_progress) {
  make_run(call, items);
  ++call.function.meters.runs;
  call.function.meters.fuel += result_.fuel;
  if (result_.outcome == RunOutcome::ok) {
    accept(call, items);
    return true;
  }
  if (call.function.failure_fuel.burn(result_.fuel, call.place.failure_fuel, call.place.lane_time) && !call.function.quarantined) {
    call.function.quarantined = true;
    call.report.stopped.push_back(call.number);
  }
  if (items.size() == 1) {
    fail(call, items.front());
    return false;
  }
  const auto again = [&](std::span<const std::uint32_t> part, bool trust) {
    bool good = true;
    while (!part.empty()) {
      if (call.function.is_held()) return withhold(call, part), false;
      const std::size_t built = build(call, part);
      good = attempt(call, part.first(built), trust) && good;
      part = part.subspan(built);
    }
    return good;
  };
  const std::size_t guilty = result_.progress;
  if (trust_progress && guilty < items.size()) {
    again(items.first(guilty), true);
    const bool was_innocent = again(items.subspan(guilty, 1), true);
    again(items.subspan(guilty + 1), !was_innocent);
    return false;
  }
  const std::size_t half = items.size() / 2;
  again(items.first(half), false);
  again(items.subspan(half), false);
  return false;
}

void FunctionRuns::accept(const Call& call, std::span<const std::uint32_t> items) {
  for (std::uint32_t i = 0; i < twins_in_run_.size(); ++i) {
    functions_.set_state(call.number, twins_in_run_[i], call.function.builder.state(i));
  }
  call.function.meters.events += items.size();
  for (auto& line : result_.log) call.report.log.push_back({call.number, items.front(), std::move(line)});

  // Effects come in any order of events; those of one event keep theirs.
  auto& effects = result_.decoded;
  const auto earlier = [](const Effect& a, const Effect& b) { return a.event < b.event; };
  if (!std::is_sorted(effects.begin(), effects.end(), earlier)) std::stable_sort(effects.begin(), effects.end(), earlier);
  for (std::size_t i = 0; i < effects.size();) {
    const std::uint32_t event = effects[i].event;
    const auto first = effects.begin() + static_cast<std::ptrdiff_t>(i);
    const auto last = std::find_if(first, effects.end(), [&](const Effect& e) { return e.event != event; });
    i = static_cast<std::size_t>(last - effects.begin());
    const auto given_up = std::find_if(first, last, [](const Effect& e) { return e.kind == EffectKind::fail || e.kind == EffectKind::retry; });
    if (given_up != last) {
      std::string why;
      if (given_up->value.kind != ValueKind::null) append_json(why, given_up->value);
      call.report.failures.push_back({items[event], call.number, std::string(to_string(given_up->kind)), std::move(why)});
      ++call.function.meters.errors;
      continue;
    }
    std::uint32_t index = 0;
    for (auto at = first; at != last; ++at) {
      Effect effect = *at;
      effect.name = call.place.arena.copy(effect.name);
      effect.target = call.place.arena.copy(effect.target);
      effect.value.content = call.place.arena.copy(effect.value.content);
      call.report.effects.push_back({items[event], call.number, index++, effect});
    }
  }
}

void FunctionRuns::fail(const Call& call, std::uint32_t item) {
  std::string detail = result_.reason;
  if (!result_.backtrace.empty()) detail += "\n" + result_.backtrace;
  call.report.failures.push_back({item, call.number, std::string(to_string(result_.outcome)), std::move(detail)});
  ++call.function.meters.events;
  ++call.function.meters.errors;
}

}  // namespace doppel

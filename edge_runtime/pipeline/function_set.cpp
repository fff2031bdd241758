#include "edge_runtime/pipeline/function_set.h"

#include <algorithm>

#include "broker_bridge/decode/topic_filter.h"
#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kWithoutFailureFuel = 1, kAlwaysAvailable = 2, kFunctionVersion = 3, kStateVersion = 1;

std::string state_key(std::string_view function, std::string_view twin) {
  std::string key(function);
  key += '\0';  // in no function's name
  return key += twin;
}

std::string encode_function(const ActiveFunction& function) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kFunctionVersion);
  writer.put(function.active_since);
  const auto& m = function.meters;
  for (const auto meter : {m.events, m.runs, m.errors, m.effects, m.denied, m.fuel}) writer.put(meter);
  for (const auto meter : {m.unsupported, m.mismatched}) writer.put(meter);
  writer.put(function.failure_fuel.burnt);
  writer.put(to_nanoseconds(function.failure_fuel.as_of));
  writer.put(static_cast<std::uint8_t>(function.quarantined));
  writer.put_bytes(function.unavailable);
  encode(function.activation, out);
  return out;
}

bool is_in(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

}  // namespace

std::string too_many_functions(std::uint64_t there_are, std::uint64_t most) {
  return "there are " + std::to_string(there_are) + " functions already; allowed are " + std::to_string(most) + " (functions.max_functions)";
}

bool FailureFuel::burn(std::uint64_t fuel, std::uint64_t a_minute, Timestamp lane_time) {
  constexpr std::uint64_t kMinute = 60'000;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(std::max(lane_time - as_of, Duration(0)));
  const std::uint64_t refill = a_minute / kMinute * std::min(static_cast<std::uint64_t>(passed.count()), kMinute);
  burnt = burnt > refill ? burnt - refill : 0;
  burnt += fuel;
  as_of = std::max(as_of, lane_time);
  return burnt > a_minute;
}

std::string_view ActiveFunction::condition() const {
  if (!why_unavailable().empty()) return "unavailable";
  return quarantined ? "quarantined" : "active";
}

std::string_view ActiveFunction::state(TwinIndex twin) const {
  const auto at = states.find(twin);
  return at == states.end() ? std::string_view() : std::string_view(at->second.block);
}

Result<void> FunctionSet::load(const StoreReader& store) {
  Result<void> loaded;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    ByteReader reader(value);
    const auto version = reader.take<std::uint8_t>();
    const auto since = reader.take<Position>();
    FunctionMeters m;
    for (auto* meter : {&m.events, &m.runs, &m.errors, &m.effects, &m.denied, &m.fuel}) *meter = reader.take<std::uint64_t>();
    if (version > kAlwaysAvailable) {
      for (auto* meter : {&m.unsupported, &m.mismatched}) *meter = reader.take<std::uint64_t>();
    }
    FailureFuel failure_fuel;
    bool quarantined = false;
    if (version != kWithoutFailureFuel) {
      failure_fuel.burnt = reader.take<std::uint64_t>();
      failure_fuel.as_of = from_nanoseconds(reader.take<std::int64_t>());
      quarantined = reader.take<std::uint8_t>() != 0;
    }
    std::string unavailable;
    if (version > kAlwaysAvailable) unavailable = reader.take_bytes();
    const auto activation = decode_activation(reader.take_raw(reader.left()));
    if (version < kWithoutFailureFuel || version > kFunctionVersion || !activation) {
      loaded = corrupt_data("the stored function " + std::string(key) + " does not decode");
      return;
    }
    auto function = make(std::string(key), *activation);
    if (!function) {
      loaded = function.error();
      return;
    }
    (*function)->active_since = since;
    (*function)->meters = m;
    (*function)->failure_fuel = failure_fuel;
    (*function)->quarantined = quarantined;
    (*function)->unavailable = std::move(unavailable);
    // What was decided stands until an activation: no need to try.
    if ((*function)->unavailable.empty()) load_runner(**function);
    functions_.push_back(std::move(*function));  // keys come in the order of the names
  });
  if (!read) return read;
  if (!loaded) return loaded;
  changed();
  read = store.for_each(kStateTable, [&](std::string_view key, std::string_view value) {
    const auto zero = key.find('\0');
    const auto number = find(key.substr(0, zero));
    const TwinIndex twin = zero == std::string_view::npos ? kNoTwin : twins_.find(key.substr(zero + 1));
    if (!number || twin == kNoTwin || value.empty() || value[0] != static_cast<char>(kStateVersion) ||
        value.size() - 1 != functions_[*number]->manifest.state_bytes) {
      loaded = corrupt_data("a stored state of function " + std::string(key.substr(0, zero)) + " does not decode");
      return;
    }
    functions_[*number]->states[twin].block = value.substr(1);
  });
  if (!read) return read;
  return loaded;
}

void FunctionSet::take_changes(std::vector<RowChange>& changes) {
  for (auto& [table, key] : deleted_) changes.push_back({table, std::move(key), std::nullopt});
  deleted_.clear();
  for (auto& function : functions_) {
    if (function->dirty) changes.push_back({kTable, function->name(), encode_function(*function)});
    function->dirty = false;
    for (const TwinIndex twin : function->dirty_states) {
      auto& state = function->states[twin];
      changes.push_back({kStateTable, state_key(function->name(), twins_[twin].id), static_cast<char>(kStateVersion) + state.block});
      state.dirty = false;
    }
    function->dirty_states.clear();
  }
  dirty_bytes_ = 0;
}

Result<std::unique_ptr<ActiveFunction>> FunctionSet::make(const std::string& name, const Activation& activation) {
  auto manifest = parse_manifest(activation.manifest);
  if (!manifest) return manifest.error();
  if (manifest->name.text() != name) return invalid_input("the manifest names the function " + manifest->name.text() + ", its activation " + name);
  for (const auto* columns : {&manifest->reads, &manifest->writes}) {
    for (const auto& column : *columns) {
      if (!names_.intern(column.name)) {
        return limit_exceeded("function " + name + " names " + column.name + ", one more than " + std::to_string(names_.limit()) + " names (store.max_names)");
      }
    }
  }
  auto function = std::make_unique<ActiveFunction>(activation, std::move(*manifest));
  function->version = activation.version_sha256();
  for (const auto& read : function->manifest.reads) function->columns.push_back(*names_.find(read.name));
  return function;
}

void FunctionSet::load_runner(ActiveFunction& function) {
  auto runner = loader_.load(function.activation.module_sha256, function.manifest);
  if (runner) {
    function.runner = std::move(*runner);
  } else {
    function.load_failure = "the module of function " + function.name() + " cannot be loaded: " + runner.error().message;
  }
}

Result<void> FunctionSet::activate(const std::string& name, const Activation& activation, Position position, bool took_over_before) {
  const auto at = find(name);
  if (!at && functions_.size() >= most_) return limit_exceeded(too_many_functions(functions_.size(), most_));
  auto made = make(name, activation);
  if (!made) return made.error();
  auto& function = *made;
  load_runner(*function);
  if (function->runner == nullptr && !took_over_before) return unavailable(function->load_failure);
  function->active_since = position;
  function->dirty = true;
  if (!at) {
    const auto behind = std::find_if(functions_.begin(), functions_.end(), [&](const auto& f) { return f->name() > name; });
    functions_.insert(behind, std::move(function));
    changed();
    return {};
  }
  ActiveFunction& before = *functions_[*at];
  const bool same_state = before.manifest.state_version == function->manifest.state_version &&
                          before.manifest.state_bytes == function->manifest.state_bytes;
  if (!same_state && !function->manifest.reset_state_on_change) {
    return conflict("function " + name + " keeps state of version " + std::to_string(before.manifest.state_version) + " (" +
                    std::to_string(before.manifest.state_bytes) + " bytes); the new one wants version " +
                    std::to_string(function->manifest.state_version) + " (" + std::to_string(function->manifest.state_bytes) +
                    " bytes): say on_state_change = \"reset\" to begin again with zeroes");
  }
  if (same_state) {
    function->states = std::move(before.states);
    function->dirty_states = std::move(before.dirty_states);
  } else {
    drop_states(before);
  }
  function->meters = before.meters;
  functions_[*at] = std::move(function);
  changed();
  return {};
}

bool FunctionSet::remove(const std::string& name) {
  const auto at = find(name);
  if (!at) return false;
  drop_states(*functions_[*at]);
  deleted_.emplace_back(kTable, name);
  functions_.erase(functions_.begin() + *at);
  changed();
  return true;
}

void FunctionSet::drop_states(ActiveFunction& function) {
  for (const auto& [twin, block] : function.states) deleted_.emplace_back(kStateTable, state_key(function.name(), twins_[twin].id));
  std::sort(deleted_.begin(), deleted_.end());
  function.states.clear();
}

std::optional<FunctionSet::Number> FunctionSet::find(std::string_view name) const {
  const auto at = std::lower_bound(functions_.begin(), functions_.end(), name, [](const auto& f, std::string_view n) { return f->name() < n; });
  if (at == functions_.end() || (*at)->name() != name) return std::nullopt;
  return static_cast<Number>(at - functions_.begin());
}

const std::vector<FunctionSet::Number>& FunctionSet::for_topic(std::string_view topic, std::uint64_t topic_hash) {
  if (topic.size() > kRoutedBytes || functions_.empty()) return for_long_topic_ = matching(topic);
  const auto at = routed_.find(topic_hash);
  if (at != routed_.end() && at->second.topic == topic) return at->second.functions;
  if (routed_.size() >= kRoutedTopics) routed_.clear();
  return (routed_[topic_hash] = {std::string(topic), matching(topic)}).functions;
}

std::vector<FunctionSet::Number> FunctionSet::matching(std::string_view topic) const {
  std::vector<Number> wanting;
  for (Number i = 0; i < size(); ++i) {
    const auto& triggers = functions_[i]->manifest.topics;
    const bool wanted = std::any_of(triggers.begin(), triggers.end(), [&](const TopicTrigger& t) { return matches(t.filter, topic); });
    if (wanted) wanting.push_back(i);
  }
  return wanting;
}

std::vector<FunctionSet::Number> FunctionSet::for_emitted(std::string_view event_name) const {
  std::vector<Number> wanting;
  for (Number i = 0; i < size(); ++i) {
    if (is_in(functions_[i]->manifest.emitted, event_name)) wanting.push_back(i);
  }
  return wanting;
}

std::vector<FunctionSet::Number> FunctionSet::for_change(std::string_view property) const {
  std::vector<Number> wanting;
  for (Number i = 0; i < size(); ++i) {
    const Manifest& manifest = functions_[i]->manifest;
    const bool wanted = manifest.on_twin_change && (manifest.change_properties.empty() || is_in(manifest.change_properties, property));
    if (wanted) wanting.push_back(i);
  }
  return wanting;
}

void FunctionSet::changed() {
  ++generation_;
  routed_.clear();
  twin_reads_.clear();
  wants_changes_ = reads_what_is_written_ = false;
  std::vector<std::string_view> written;
  for (const auto& function : functions_) {
    wants_changes_ = wants_changes_ || function->manifest.on_twin_change;
    for (const auto& write : function->manifest.writes) written.push_back(write.name);
  }
  for (const auto& function : functions_) {
    for (std::size_t i = 0; i < function->columns.size(); ++i) {
      if (!function->manifest.reads[i].of_twin) continue;
      twin_reads_.push_back(function->columns[i]);
      const auto& name = function->manifest.reads[i].name;
      reads_what_is_written_ = reads_what_is_written_ || std::find(written.begin(), written.end(), name) != written.end();
    }
  }
}

void FunctionSet::condition_changed(Number number) {
  mark_dirty(number);
  ++generation_;
}

void FunctionSet::set_state(Number number, TwinIndex twin, std::string_view block) {
  ActiveFunction& function = *functions_[number];
  if (block.empty() || function.state(twin) == block) return;
  auto& state = function.states[twin];
  state.block = block;
  if (state.dirty) return;
  state.dirty = true;
  function.dirty_states.push_back(twin);
  dirty_bytes_ += block.size() + twins_[twin].id.size() + function.name().size();
}

}  // namespace doppel

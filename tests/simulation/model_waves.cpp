// The model's functions: those of sim_functions(), by their words.
#include <algorithm>

#include "functions/abi/activation.h"
#include "tests/simulation/functions.h"
#include "tests/simulation/model.h"
#include "twin_store/model/bytes.h"

namespace doppel::simulation {
namespace {

constexpr Duration kAlarmAfter = std::chrono::seconds(2);

std::int64_t nanoseconds_in(const AcceptedRecord& record) { return ByteReader(record.payload).take<std::int64_t>(); }

}  // namespace

void EdgeModel::begin_batch(const AcceptedRecord& first) {
  if (first.kind == RecordKind::clock_step) clock_steps_ += Duration(nanoseconds_in(first));
  ring_alarms(first.kind == RecordKind::tick ? std::max(first.arrival, from_nanoseconds(nanoseconds_in(first))) : first.arrival);
  run_waves();
}

void EdgeModel::ring_alarms(Timestamp now) {
  for (auto at = alarms_.begin(); at != alarms_.end();) {
    if (at->second > now - clock_steps_) {
      ++at;
      continue;
    }
    wave_.push_back({at->first, now, now, {}, 0, true});
    at = alarms_.erase(at);
  }
}

void EdgeModel::take_activation(const AcceptedRecord& record) {
  const auto activation = decode_activation(record.payload);
  if (!activation->removed) return void(functions_.insert(record.topic));
  functions_.erase(record.topic);
  if (record.topic == "timer") alarms_.clear();
}

void EdgeModel::take_set(const AcceptedRecord& record) {
  run_waves();
  if (const auto at = twins_.find(record.topic); at != twins_.end()) ++at->second.rev;
}

void EdgeModel::run_waves() {
  std::vector<Caused> caused;
  for (const auto& item : std::exchange(wave_, {})) run(item, caused);
  for (const auto& [twin, is_sent, time] : caused) {
    if (!is_sent) {
      set_by_function(twin, "echoed");
      continue;
    }
    report({twin, {}, time, {{"last", 1}}, 0, false});
  }
}

// One event: what it reports, then the functions by name.
void EdgeModel::run(const Item& item, std::vector<Caused>& caused) {
  if (item.is_alarm) return set_by_function(item.twin, "rang");
  report(item);
  ++twins_[item.twin].events;
  if (functions_.contains("count") && item.v == kTrapValue) {
    ++traps_;
  } else if (functions_.contains("count")) {
    set_by_function(item.twin, "count");
  }
  if (functions_.contains("relay")) {
    caused.push_back({"sum", true, item.time});
    if (functions_.contains("echo")) caused.push_back({item.twin, false, item.time});
  }
  if (functions_.contains("timer")) alarms_[item.twin] = item.arrival - clock_steps_ + kAlarmAfter;
}

void EdgeModel::report(const Item& item) {
  ModelTwin& twin = twins_[item.twin];
  ++twin.rev;
  for (const auto& [name, value] : item.fields) {
    const auto [at, added] = twin.values.try_emplace(name, item.time, value);
    if (!added && at->second.first > item.time) continue;
    at->second = {item.time, value};
    twin.revs[name] = twin.rev;
  }
}

void EdgeModel::set_by_function(const std::string& twin, const std::string& property) {
  auto& target = twins_[twin];
  target.revs[property] = ++target.rev;
}

}  // namespace doppel::simulation

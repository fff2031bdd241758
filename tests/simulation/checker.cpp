#include "tests/simulation/checker.h"

#include <charconv>
#include <optional>

#include "twin_store/model/hash.h"

namespace doppel::simulation {
namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }
std::string text(Position position) { return std::to_string(to_number(position)); }

// Every payload says its number, also one that is malformed.
std::uint64_t number_of(std::string_view payload) {
  constexpr std::string_view kBefore = "\"n\":";
  const auto at = payload.find(kBefore) + kBefore.size();
  std::uint64_t number = 0;
  std::from_chars(payload.data() + at, payload.data() + payload.size(), number);
  return number;
}

}  // namespace

void EdgeChecker::check() {
  recompute();
  check_applied_once();
  check_acknowledged();
  check_twins();
  check_windows();
  check_publications();
}

// One record at a time, in the order of the journal.
void EdgeChecker::recompute() {
  for (const auto& [position, record] : edge_.ledger().accepted()) {
    if (record.kind == RecordKind::message) take_message(position, record);
    if (record.kind == RecordKind::configuration) is_configured_ = true;
    if (record.kind == RecordKind::incarnation) windows_.clear(), populations_.clear();
  }
}

void EdgeChecker::take_message(Position position, const AcceptedRecord& record) {
  const auto number = number_of(record.payload);
  const Said& said = said_.at(number);
  if (!taken_.insert(number).second) {
    edge_.trace_repeat(position, number, record);
    return;
  }
  if (said.is_malformed) return void(++dead_);
  Expected& twin = twins_[said.twin];
  ++twin.events, ++twin.rev;
  const std::pair<std::string, double> fields[] = {{"n", static_cast<double>(number)}, {"v", said.v}, {"w", said.w}};
  for (const auto& [name, value] : fields) {
    const auto [at, added] = twin.values.try_emplace(name, said.time, value);
    if (!added && at->second.first <= said.time) at->second = {said.time, value};
  }
  if (!is_configured_) return;  // its configuration was lost with other records: other windows took it
  const auto length = edge_.configuration().windows.front().length;
  const auto time = to_nanoseconds(said.time);
  WindowKey key{edge_.configuration().windows.front().name, time - time % length.count(), length.count(), "", ""};
  auto& population = populations_[key];
  ++population.events;
  population.twins.add(hash64(said.twin));
  for (const auto& [name, value] : fields) {
    key.property = name;
    windows_[key].add({value, said.time, hash64(edge_.name()), to_number(position)});
  }
}

void EdgeChecker::check_applied_once() {
  std::map<Position, Position> applied;
  for (const auto& [mark, batch] : edge_.ledger().batches()) {
    for (const auto position : batch.records) {
      const auto [at, added] = applied.try_emplace(position, mark);
      if (!added) throw Broken("every event is applied once", "the record at " + text(position) + " was applied under the marks " + text(at->second) + " and " + text(mark));
    }
  }
  for (const auto& [position, record] : edge_.ledger().accepted()) {
    if (is_bookkeeping(record.kind) || record.kind == RecordKind::tick || applied.contains(position)) continue;
    throw Broken("an accepted event is applied", "the " + std::string(to_string(record.kind)) + " at " + text(position) + " never was; the last applied is " + text(edge_.applied().position));
  }
}

void EdgeChecker::check_acknowledged() {
  if (story_.lost_its_past || edge_.lawfully_lost() > 0) return;
  for (const auto number : broker_.acknowledged(edge_.number())) {
    if (!taken_.contains(number)) throw Broken("an acknowledged event is never lost", "message " + text(number) + " is in no record");
  }
  for (std::uint64_t number = 0; number < said_.size(); ++number) {
    const bool is_due = said_[number].edge == edge_.number() && said_[number].qos == 1;
    if (is_due && !taken_.contains(number)) throw Broken("an acknowledged event is never lost", "message " + text(number) + " never arrived");
  }
}

void EdgeChecker::check_twins() {
  const auto& pipeline = edge_.pipeline();
  std::uint64_t seen = 0;
  for (const auto& [id, expected] : twins_) {
    const auto index = pipeline.twins().find(id);
    if (index == kNoTwin) throw Broken("an accepted event is applied", "there is no twin " + id);
    const Twin& twin = pipeline.twins()[index];
    ++seen;
    if (twin.events != expected.events)
      throw Broken("every event is applied once", id + " has " + text(twin.events) + " events, " + text(expected.events) + " were accepted");
    for (const auto& [name, value] : expected.values) {
      const auto interned = pipeline.names().find(name);
      const auto* slot = interned ? twin.find(*interned) : nullptr;
      const auto number = slot == nullptr ? std::nullopt : twin.view(*slot).as_number();
      if (number != value.second || slot->time != value.first)
        throw Broken("a twin has its newest values", id + "." + name + " is " + std::to_string(number.value_or(-1)) + ", not " + std::to_string(value.second));
    }
  }
  const auto dead = pipeline.dead_letters().counts_by_reason().find("bad_payload");
  const std::uint64_t letters = dead == pipeline.dead_letters().counts_by_reason().end() ? 0 : dead->second;
  if (letters != dead_) throw Broken("one bad message stops nothing and is named", text(letters) + " dead letters, not " + text(dead_));
}

void EdgeChecker::check_windows() {
  std::size_t rows = 0;
  edge_.pipeline().windows().for_each([&](const WindowKey& key, std::uint64_t, const Aggregate* aggregate, const WindowPopulation* population) {
    const auto name = "the row of window " + text(static_cast<std::uint64_t>(key.start_ns)) + ", property \"" + key.property + "\"";
    if (key.property == "pad") return;
    ++rows;
    if (population != nullptr) {
      const auto at = populations_.find(key);
      if (at == populations_.end() || !(at->second == *population)) throw Broken("windows are an exact recomputation", name + " differs");
    } else {
      const auto at = windows_.find(key);
      if (at == windows_.end() || !(at->second == *aggregate)) throw Broken("windows are an exact recomputation", name + " differs");
    }
  });
  if (rows != windows_.size() + populations_.size())
    throw Broken("windows are an exact recomputation", text(rows) + " rows, not " + text(windows_.size() + populations_.size()));
}

// What left as a publication, against the rows that the journal gives.
void EdgeChecker::check_publications() {
  std::map<std::string, std::string> made;
  for (const auto& [mark, batch] : edge_.ledger().batches()) {
    for (const auto& row : batch.rows) {
      if (row.kind == OutboxKind::publish) made[to_string(row.key)] = row.target + ' ' + row.payload;
    }
  }
  const auto& arrived = broker_.published(edge_.number());
  for (const auto& [id, content] : made) {
    if (!arrived.contains(id)) throw Broken("effects are delivered at least once", "publication " + id + " never arrived");
  }
  for (const auto& [id, contents] : arrived) {
    // What was sent before it was synced may be made anew from less.
    const bool may_differ = edge_.may_send_unsynced() && edge_.ledger().had_corruption();
    if (contents.size() != 1 && !may_differ) throw Broken("a key names one effect", text(contents.size()) + " publications came under " + id);
    if (story_.lost_its_past || edge_.may_send_unsynced()) continue;
    const auto at = made.find(id);
    if (at == made.end()) throw Broken("nothing leaves before its cause is on disk", "publication " + id + " has no cause in the journal");
    if (at->second != *contents.begin()) throw Broken("a key names one effect", "publication " + id + " is not what the journal gives");
  }
}

}  // namespace doppel::simulation

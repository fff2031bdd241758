#include "tests/simulation/checker.h"

#include <map>
#include <optional>
#include <string>

namespace doppel::simulation {
namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }
std::string text(Position position) { return std::to_string(to_number(position)); }

}  // namespace

void EdgeChecker::check() {
  check_applied_once();
  if (edge_.pipeline().config_text() != edge_.configured_with()) throw Broken("a configuration comes into force", edge_.name() + " runs under another one");
  const auto& accepted = edge_.ledger().accepted();
  for (const auto& [mark, batch] : edge_.ledger().batches()) {
    model_.begin_batch(accepted.at(batch.records.front()));
    for (const auto position : batch.records) model_.take(position, accepted.at(position));
    model_.end_batch();
  }
  check_acknowledged();
  check_twins();
  check_windows();
  check_publications();
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
    if (!model_.has_taken(number)) throw Broken("an acknowledged event is never lost", "message " + text(number) + " is in no record");
  }
  for (std::uint64_t number = 0; number < said_.size(); ++number) {
    const bool is_due = said_[number].edge == edge_.number() && said_[number].qos == 1 && !broker_.lost(edge_.number()).contains(number);
    if (is_due && !model_.has_taken(number)) throw Broken("an acknowledged event is never lost", "message " + text(number) + " never arrived");
  }
  for (const auto number : broker_.retained_for(edge_.number())) {
    if (!model_.has_taken(number)) throw Broken("an acknowledged event is never lost", "the retained message " + text(number) + " never arrived");
  }
}

void EdgeChecker::check_twins() {
  const auto& pipeline = edge_.pipeline();
  std::uint64_t seen = 0;
  for (const auto& [id, expected] : model_.twins()) {
    const auto index = pipeline.twins().find(id);
    if (index == kNoTwin) throw Broken("an accepted event is applied", "there is no twin " + id);
    const Twin& twin = pipeline.twins()[index];
    ++seen;
    if (twin.events != expected.events)
      throw Broken("every event is applied once", id + " has " + text(twin.events) + " events, " + text(expected.events) + " were accepted");
    check_revs(twin, expected);
    for (const auto& [name, value] : expected.values) {
      const auto interned = pipeline.names().find(name);
      const auto* slot = interned ? twin.find(*interned) : nullptr;
      const auto number = slot == nullptr ? std::nullopt : twin.view(*slot).as_number();
      if (number != value.second || slot->time != value.first)
        throw Broken("a twin has its newest values", id + "." + name + " is " + std::to_string(number.value_or(-1)) + ", not " + std::to_string(value.second));
    }
  }
  if (seen != pipeline.twins().size()) throw Broken("an accepted event is applied", text(pipeline.twins().size()) + " twins, not " + text(seen));
  check_dead_letters();
}

// A change set raises the rev of its twin by one, and what it sets has that rev.
void EdgeChecker::check_revs(const Twin& twin, const EdgeModel::ModelTwin& expected) {
  if (twin.rev != expected.rev) throw Broken("rev counts the change sets", twin.id + " has rev " + text(twin.rev) + ", " + text(expected.rev) + " change sets were applied");
  for (const auto& [name, rev] : expected.revs) {
    const auto interned = edge_.pipeline().names().find(name);
    const auto* slot = interned ? twin.find(*interned) : nullptr;
    if (slot == nullptr || slot->rev != rev)
      throw Broken("rev counts the change sets", twin.id + "." + name + " has rev " + text(slot == nullptr ? 0 : slot->rev) + ", not " + text(rev));
  }
}

void EdgeChecker::check_dead_letters() {
  std::uint64_t letters = 0, bad = 0;
  for (const auto& [reason, count] : edge_.pipeline().dead_letters().counts_by_reason()) {
    letters += count;
    if (reason == "bad_payload") bad = count;
  }
  constexpr const char* kPromise = "one bad message stops nothing and is named";
  if (bad != model_.bad_payloads()) throw Broken(kPromise, text(bad) + " dead letters of bad payloads, not " + text(model_.bad_payloads()));
  if (letters - bad != model_.traps()) throw Broken(kPromise, text(letters - bad) + " dead letters of traps, not " + text(model_.traps()));
}

void EdgeChecker::check_windows() {
  const auto& windows = model_.windows();
  const auto& populations = model_.populations();
  std::size_t rows = 0;
  edge_.pipeline().windows().for_each([&](const WindowKey& key, std::uint64_t, const Aggregate* aggregate, const WindowPopulation* population) {
    const auto name = "the row of window " + text(static_cast<std::uint64_t>(key.start_ns)) + ", property \"" + key.property + "\"";
    if (key.property == "pad") return;
    ++rows;
    if (population != nullptr) {
      const auto at = populations.find(key);
      if (at == populations.end() || !(at->second == *population)) throw Broken("windows are an exact recomputation", name + " differs");
    } else {
      const auto at = windows.find(key);
      if (at == windows.end() || !(at->second == *aggregate)) throw Broken("windows are an exact recomputation", name + " differs");
    }
  });
  if (rows != windows.size() + populations.size())
    throw Broken("windows are an exact recomputation", text(rows) + " rows, not " + text(windows.size() + populations.size()));
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
  const bool may_drop = edge_.options().outbox.max_publications < made.size();
  for (const auto& [id, content] : made) {
    if (!arrived.contains(id) && !may_drop) throw Broken("effects are delivered at least once", "publication " + id + " never arrived");
  }
  for (const auto& [id, contents] : arrived) {
    // What was sent before it was synced may be made anew from less; and a disk that was set back makes its keys again.
    const bool may_differ = story_.lost_its_past || (edge_.may_send_unsynced() && edge_.ledger().had_corruption());
    if (contents.size() != 1 && !may_differ) throw Broken("a key names one effect", text(contents.size()) + " publications came under " + id);
    if (story_.lost_its_past || edge_.may_send_unsynced()) continue;
    const auto at = made.find(id);
    if (at == made.end()) throw Broken("nothing leaves before its cause is on disk", "publication " + id + " has no cause in the journal");
    if (at->second != *contents.begin()) throw Broken("a key names one effect", "publication " + id + " is not what the journal gives");
  }
}

}  // namespace doppel::simulation

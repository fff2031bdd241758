// The coordinator's share of the checks.
#include <algorithm>

#include "tests/simulation/checker.h"
#include "twin_store/model/window.h"

namespace doppel::simulation {
namespace {

constexpr const char* kPromise = "the coordinator holds what its edges have";

using Contributions = std::map<std::string, std::pair<std::uint64_t, std::string>>;  // uplink key -> revision, payload

Contributions own_rows(SimEdge& edge) {
  Contributions rows;
  const auto& applied = edge.applied();
  for (auto& row : edge.pipeline().retained_rows(applied.incarnation, applied.mark)) rows[row.target] = {row.revision, std::move(row.payload)};
  return rows;
}

Contributions held_rows(const MergeFold& merge, const Contributor& contributor) {
  Contributions rows;
  for (const auto& [key, row] : merge.windows().rows()) {
    for (const auto& part : row.parts) {
      if (part.from != &contributor) continue;
      std::string target(1, kWindowRowKey);
      encode(key, target);
      rows[target] = {part.revision, part.payload};
    }
  }
  return rows;
}

std::string shown(const std::string& key) {
  if (key.front() != kWindowRowKey) return key;
  const auto window = decode_window_key(std::string_view(key).substr(1));
  return window ? "window " + std::to_string(window->start_ns / 1'000'000'000) + " \"" + window->property + '"' : "a window";
}

// What the edge has now, and what it had of windows that are configured no more.
void compare_windows(const std::string& who, const Contributions& own, const Contributions& held, const std::map<WindowKey, std::string>& parted) {
  std::size_t windows = 0;
  for (const auto& [key, row] : own) {
    if (key.front() != kWindowRowKey) continue;
    ++windows;
    const auto at = held.find(key);
    if (at == held.end()) throw Broken(kPromise, who + ": " + shown(key) + " is missing");
    if (at->second != row)
      throw Broken(kPromise, who + ": " + shown(key) + " has revision " + std::to_string(at->second.first) + ", the edge's is " + std::to_string(row.first) +
                                 (at->second.second == row.second ? "" : ", and differs"));
  }
  for (const auto& [key, payload] : parted) {
    std::string target(1, kWindowRowKey);
    encode(key, target);
    const auto at = held.find(target);
    if (at == held.end() || at->second.second != payload)
      throw Broken(kPromise, who + ": " + shown(target) + " of an earlier configuration " + (at == held.end() ? "is missing" : "was replaced"));
    ++windows;
  }
  if (windows != held.size())
    throw Broken(kPromise, who + ": " + std::to_string(held.size()) + " window rows, the edge has " + std::to_string(windows));
}

void compare_latest(const SimEdge& edge, const MergeFold& merge, const Contributions& own) {
  std::map<std::string, std::string> held;
  for (const auto& [key, row] : merge.latest().rows()) {
    if (key.edge.text() == edge.name() && !row.payload.empty()) held[key.key] = row.payload;
  }
  for (const auto& [key, row] : own) {
    if (key.front() == kWindowRowKey) continue;
    const auto at = held.find(key);
    if (at == held.end() || at->second != row.second) throw Broken(kPromise, edge.name() + ": " + shown(key) + (at == held.end() ? " is missing" : " is old"));
  }
  for (const auto& [key, payload] : held) {
    if (!own.contains(key)) throw Broken(kPromise, edge.name() + ": " + shown(key) + " is not the edge's any more");
  }
}

void compare_functions(const SimEdge& edge, const MergeFold& merge) {
  const auto desired = merge.desired().desired_of(EdgeId(edge.name()), edge.region_now());
  const auto& active = edge.pipeline().functions();
  for (const auto& wanted : desired.functions) {
    const auto number = active.find(wanted.name.text());
    if (!number) throw Broken("deployment is desired state", edge.name() + " has no function " + wanted.name.text());
    const auto& function = active[*number].activation;
    if (function.origin == Origin::fleet && function.manifest != wanted.manifest)
      throw Broken("deployment is desired state", edge.name() + " has another version of " + wanted.name.text());
  }
  for (FunctionSet::Number i = 0; i < active.size(); ++i) {
    const bool wanted = std::any_of(desired.functions.begin(), desired.functions.end(), [&](const auto& each) { return each.name.text() == active[i].name(); });
    if (!wanted && active[i].activation.origin == Origin::fleet)
      throw Broken("deployment is desired state", edge.name() + " still has " + active[i].name());
  }
}

// The times of the messages that windows may count: whichever bodies of state took them, each time once.
std::vector<std::int64_t> acceptances(const SimEdge& edge, const std::vector<Said>& said) {
  std::vector<std::int64_t> times;
  Position from = Position::none;
  const auto take = [&](const Ledger& ledger) {
    std::set<std::uint64_t> taken, since;  // all, and since the configuration in force: it may map the topic of a retained one elsewhere
    for (const auto& [position, record] : ledger.accepted()) {
      if (record.kind == RecordKind::configuration) since.clear();
      if (record.kind != RecordKind::message) continue;
      const auto number = number_in(record.payload);
      const bool is_new = taken.insert(number).second;
      const bool counts = since.insert(number).second && (is_new || record.delivery.retained);
      if (counts && position > from) times.push_back(to_nanoseconds(said.at(number).time));
    }
  };
  for (const auto& body : edge.past()) {
    take(body.ledger);
    from = body.next_from;
  }
  take(edge.ledger());
  return times;
}

// Contributions of different incarnations are added.
void check_counted_once(const SimEdge& edge, const MergeFold& merge, const std::vector<Said>& said) {
  const auto times = acceptances(edge, said);
  for (const auto& [key, row] : merge.windows().rows()) {
    if (!key.property.empty()) continue;
    std::uint64_t held = 0;
    for (const auto& part : row.parts) {
      const auto population = decode_window_population(part.payload);
      if (part.from->edge->name.text() == edge.name() && population) held += population->events;
    }
    const auto accepted = static_cast<std::uint64_t>(
        std::count_if(times.begin(), times.end(), [&](std::int64_t time) { return key.start_ns <= time && time < key.start_ns + key.length_ns; }));
    if (held > accepted)
      throw Broken("adding incarnations counts nothing twice", edge.name() + ": the window at " + std::to_string(key.start_ns / 1'000'000'000) + " counts " +
                                                                   std::to_string(held) + " events, " + std::to_string(accepted) + " were accepted");
  }
}

}  // namespace

void check_above(SimEdge& edge, const SimCoordinator& coordinator, const EdgeModel& model, const EdgeStory& story) {
  const auto& merge = coordinator.merge();
  const auto* contributor = merge.roster().find(EdgeId(edge.name()), 0, edge.applied().incarnation);
  if (contributor == nullptr) throw Broken(kPromise, edge.name() + " is unknown in its incarnation");
  if (!model.was_remapped()) check_counted_once(edge, merge, model.said());
  const auto own = own_rows(edge);
  if (edge.was_noticed()) {
    compare_windows(edge.name(), own, held_rows(merge, *contributor), model.parted_rows());
    compare_latest(edge, merge, own);
  }
  compare_functions(edge, merge);
  // One that never came to a synced record has no rows.
  std::size_t incarnations = 0;
  for (const auto& [id, each] : merge.roster().contributors()) incarnations += each.edge->name.text() == edge.name() && each.window_rows > 0 ? 1 : 0;
  if (incarnations > 1 && !story.lost_its_past && !edge.may_send_unsynced())
    throw Broken("one body of state has one incarnation", edge.name() + " has " + std::to_string(incarnations));
  for (const auto refused : contributor->edge->refused) {
    if (refused != 0) throw Broken("the coordinator refuses no good row", contributor->edge->last_refusal);
  }
}

}  // namespace doppel::simulation

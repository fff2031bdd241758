#include "tests/simulation/model.h"

#include <charconv>

#include "twin_store/model/hash.h"

namespace doppel::simulation {

std::uint64_t number_in(std::string_view payload) {
  constexpr std::string_view kBefore = "\"n\":";
  const auto at = payload.find(kBefore) + kBefore.size();
  std::uint64_t number = 0;
  std::from_chars(payload.data() + at, payload.data() + payload.size(), number);
  return number;
}

void EdgeModel::take(Position position, const AcceptedRecord& record) {
  switch (record.kind) {
    case RecordKind::message: return take_message(position, record);
    case RecordKind::configuration:
      is_configured_ = true;
      return refused_retained_.clear();  // it may read them
    case RecordKind::incarnation: return windows_.clear(), populations_.clear();
    default: return;
  }
}

// However often and in whichever way a publication is delivered, it counts once.
void EdgeModel::take_message(Position position, const AcceptedRecord& record) {
  const auto number = number_in(record.payload);
  const Said& said = said_.at(number);
  const bool is_first = taken_.insert(number).second;
  if (said.is_malformed) return take_malformed(number, record);
  if (!is_first) return;
  ModelTwin& twin = twins_[said.twin];
  ++twin.events;
  const Fields fields = {{"n", static_cast<double>(number)}, {"v", said.v}, {"w", said.w}};
  for (const auto& [name, value] : fields) {
    const auto [at, added] = twin.values.try_emplace(name, said.time, value);
    if (!added && at->second.first <= said.time) at->second = {said.time, value};
  }
  add_to_windows(position, said, fields);
}

// What cannot be read is remembered only of retained messages, which come again with every subscription.
void EdgeModel::take_malformed(std::uint64_t number, const AcceptedRecord& record) {
  const bool is_known = !malformed_.insert({number, record.delivery.packet_id}).second;
  if (record.delivery.dup && is_known) return;
  if (record.delivery.retained) {
    const auto [newest, added] = refused_retained_.try_emplace(record.topic, number);
    if (!added && newest->second == number) return;
    newest->second = number;
  }
  ++bad_payloads_;
}

void EdgeModel::add_to_windows(Position position, const Said& said, const Fields& fields) {
  if (!is_configured_) return;  // its configuration was lost with other records: other windows took it
  const auto& window = configuration_.windows.front();
  const auto time = to_nanoseconds(said.time);
  WindowKey key{window.name, time - time % window.length.count(), window.length.count(), "", ""};
  auto& population = populations_[key];
  ++population.events;
  population.twins.add(hash64(said.twin));
  for (const auto& [name, value] : fields) {
    key.property = name;
    windows_[key].add({value, said.time, hash64(edge_), to_number(position)});
  }
}

}  // namespace doppel::simulation

#include "tests/simulation/model.h"

#include <algorithm>
#include <charconv>

#include "tests/simulation/settings.h"
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
    case RecordKind::configuration: return configure(*parse_pipeline_config(record.payload));
    case RecordKind::incarnation: return begin_incarnation();
    case RecordKind::activation: return take_activation(record);
    case RecordKind::set_property: return take_set(record);
    default: return;
  }
}

void EdgeModel::configure(const PipelineConfig& next) {
  was_remapped_ = was_remapped_ || (!taken_.empty() && next.mapping.rules.size() != configuration_.mapping.rules.size());
  configuration_ = next;
  refused_retained_.clear();  // it may read them
  for (auto at = populations_.begin(); at != populations_.end();) {
    if (is_configured(at->first)) {
      ++at;
      continue;
    }
    auto& horizon = horizons_.try_emplace({at->first.window, at->first.length_ns}, at->first.start_ns).first->second;
    horizon = std::max(horizon, at->first.start_ns);
    encode(at->second, parted_rows_[at->first]);
    at = populations_.erase(at);
  }
  for (auto at = windows_.begin(); at != windows_.end();) {
    if (is_configured(at->first)) {
      ++at;
      continue;
    }
    at->second.encode(parted_rows_[at->first]);
    at = windows_.erase(at);
  }
}

void EdgeModel::begin_incarnation() {
  windows_.clear();
  populations_.clear();
  parted_rows_.clear();
  horizons_.clear();
}

bool EdgeModel::is_configured(const WindowKey& key) const {
  return std::any_of(configuration_.windows.begin(), configuration_.windows.end(),
                     [&](const WindowSpec& spec) { return spec.name == key.window && spec.length.count() == key.length_ns; });
}

// However often and in whichever way a publication is delivered, it counts once; and once more for another twin, where the configuration
// has come to map its topic to that and it was retained.
void EdgeModel::take_message(Position position, const AcceptedRecord& record) {
  const auto number = number_in(record.payload);
  const Said& said = said_.at(number);
  taken_.insert(number);
  const bool was_delivered = record.delivery.qos > 0 && !delivered_.insert({number, record.delivery.packet_id}).second;
  if (record.delivery.dup && was_delivered) return;
  if (said.is_malformed) return take_malformed(number, record);
  const auto id = twin_of(configuration_.mapping, said.topic);
  if (!counted_.insert({number, id}).second) return;
  const auto fields = fields_of(number);
  wave_.push_back({id, record.arrival, said.time, fields, said.v, false});
  add_to_windows(position, said, id, fields);
}

// What cannot be read is remembered only of retained messages, which come again with every subscription.
void EdgeModel::take_malformed(std::uint64_t number, const AcceptedRecord& record) {
  if (record.delivery.retained) {
    const auto [newest, added] = refused_retained_.try_emplace(record.topic, number);
    if (!added && newest->second == number) return;
    newest->second = number;
  }
  ++bad_payloads_;
}

EdgeModel::Fields EdgeModel::fields_of(std::uint64_t number) const {
  const Said& said = said_.at(number);
  Fields fields = {{"n", static_cast<double>(number)}, {"v", said.v}};
  if (configuration_.mapping.rules.empty()) fields.emplace_back("w", said.w);
  return fields;
}

void EdgeModel::add_to_windows(Position position, const Said& said, const std::string& twin, const Fields& fields) {
  for (const auto& window : configuration_.windows) {
    const auto time = to_nanoseconds(said.time), length = window.length.count();
    WindowKey key{window.name, time - time % length, length, "", ""};
    const auto horizon = horizons_.find({window.name, length});
    if (horizon != horizons_.end() && key.start_ns <= horizon->second && !populations_.contains(key)) continue;
    auto& population = populations_[key];
    ++population.events;
    population.twins.add(hash64(twin));
    for (const auto& [name, value] : fields) {
      key.property = name;
      windows_[key].add({value, said.time, hash64(configuration_.edge), to_number(position)});
      key.property.clear();
    }
  }
}

}  // namespace doppel::simulation

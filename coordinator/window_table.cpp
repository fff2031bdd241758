#include "coordinator/window_table.h"

#include <algorithm>
#include <tuple>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::string_view kStateKey = "state";
constexpr std::size_t kRowOverhead = 128;  // of a row in memory, beside its bytes
constexpr std::int64_t kMostFuture = std::chrono::nanoseconds(std::chrono::hours(24)).count();
constexpr std::int64_t kLongestWindow = std::chrono::nanoseconds(std::chrono::hours(24 * 366)).count();

std::int64_t end_of(const WindowKey& key) { return key.start_ns + key.length_ns; }

// The end is a number, and years away from where arithmetic with it would overflow.
bool is_sound(const WindowKey& key) {
  constexpr auto limit = INT64_MAX / 2;
  return key.length_ns > 0 && key.length_ns <= kLongestWindow && key.start_ns > -limit && key.start_ns < limit;
}

bool decodes(const WindowKey& key, std::string_view payload) {
  return key.property.empty() ? decode_window_population(payload).has_value() : Aggregate::decode(payload).has_value();
}

std::string part_key(std::uint32_t contributor, const WindowKey& key) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(contributor >> shift);
  encode(key, bytes);
  return bytes;
}

std::string frozen_key(std::string_view region, const WindowKey& key) {
  std::string bytes;
  ByteWriter(bytes).put_bytes(region);
  encode(key, bytes);
  return bytes;
}

bool stands_before(const WindowTable::Part& a, const WindowTable::Part& b) {
  const auto order = [](const Contributor& c) { return std::tie(c.edge->name, c.lane, c.id); };
  return order(*a.from) < order(*b.from);
}

std::size_t size_of(const WindowKey& key, std::string_view payload) {
  return kRowOverhead + key.window.size() + key.group.size() + key.property.size() + payload.size();
}

}  // namespace

bool WindowSum::add(std::string_view payload) {
  if (counts_twins_) {
    const auto other = decode_window_population(payload);
    if (other) population_.merge(*other);
    return other.has_value();
  }
  const auto other = Aggregate::decode(payload);
  if (other) aggregate_.merge(*other);
  return other.has_value();
}

std::string WindowSum::encoded() const {
  std::string payload;
  if (counts_twins_) {
    encode(population_, payload);
  } else {
    aggregate_.encode(payload);
  }
  return payload;
}

std::optional<StoredPart> decode_part(std::string_view key, std::string_view value) {
  StoredPart part;
  ByteReader key_reader(key);
  for (const char c : key_reader.take_raw(4)) part.contributor = part.contributor << 8 | static_cast<unsigned char>(c);
  auto window = decode_window_key(key_reader.take_raw(key_reader.left()));
  ByteReader reader(value);
  part.revision = reader.take<std::uint64_t>();
  part.arrival = from_nanoseconds(reader.take<std::int64_t>());
  part.region = reader.take_bytes();
  part.payload = reader.take_bytes();
  if (!window || !is_sound(*window) || !reader.ok()) return std::nullopt;
  part.key = *std::move(window);
  return part;
}

std::optional<FrozenKey> decode_frozen_key(std::string_view key) {
  ByteReader reader(key);
  const auto region = reader.take_bytes();
  auto window = decode_window_key(reader.take_raw(reader.left()));
  if (!window || !is_sound(*window)) return std::nullopt;
  return FrozenKey{std::string(region), *std::move(window)};
}

Result<void> WindowTable::load(const StoreReader& store, Roster& roster) {
  bool sound = true;
  auto read = store.for_each(kState, [&](std::string_view, std::string_view value) {
    ByteReader reader(value);
    state_ = {reader.take<std::int64_t>(), reader.take<std::int64_t>(), reader.take<std::uint64_t>(), reader.take<std::uint64_t>()};
    stored_ = state_;
    sound = reader.ok() && reader.at_end();
  });
  if (!read) return read;
  read = store.for_each(kParts, [&](std::string_view key, std::string_view value) {
    auto part = decode_part(key, value);
    auto* from = part ? roster.find(part->contributor) : nullptr;
    if (from == nullptr) return void(sound = false);
    insert(part->key, {from, part->revision, part->arrival, std::move(part->region), std::move(part->payload)});
  });
  if (!read) return read;
  read = store.for_each(kFrozen, [&](std::string_view bytes, std::string_view value) {
    auto key = decode_frozen_key(bytes);
    if (!key) return void(sound = false);
    insert_frozen(key->key, std::move(key->region), std::string(value));
  });
  if (!read) return read;
  if (!sound) return corrupt_data("a row of the window tables does not decode");
  return {};
}

void WindowTable::take_changes(std::vector<RowChange>& changes) {
  if (state_ != stored_) {
    std::string value;
    ByteWriter writer(value);
    writer.put(state_.now_ns);
    writer.put(state_.horizon_ns);
    writer.put(state_.frozen_early);
    writer.put(state_.dropped);
    state_rows_.put(std::string(kStateKey), std::move(value));
    stored_ = state_;
  }
  part_rows_.take(changes);
  frozen_rows_.take(changes);
  state_rows_.take(changes);
}

std::optional<Refusal> WindowTable::put(Contributor& from, std::string_view key_bytes, std::uint64_t revision, std::string payload,
                                        Timestamp arrival) {
  const auto key = decode_window_key(key_bytes);
  if (!key || !is_sound(*key) || !decodes(*key, payload)) return Refusal::malformed;
  if (end_of(*key) <= state_.horizon_ns) return Refusal::late;
  if (end_of(*key) - kMostFuture > to_nanoseconds(arrival)) return Refusal::future;

  std::string value;
  ByteWriter writer(value);
  writer.put(revision);
  writer.put(to_nanoseconds(arrival));
  writer.put_bytes(from.edge->region);
  writer.put_bytes(payload);

  Part part{&from, revision, arrival, from.edge->region, std::move(payload)};
  if (const auto row = rows_.find(*key); row != rows_.end()) {
    auto& parts = row->second.parts;
    const auto at = std::lower_bound(parts.begin(), parts.end(), part, stands_before);
    if (at != parts.end() && at->from == &from) {
      if (revision <= at->revision) return std::nullopt;
      bytes_ = bytes_ - at->payload.size() + part.payload.size();
      *at = std::move(part);
      part_rows_.put(part_key(from.id, *key), std::move(value));
      return std::nullopt;
    }
  }
  if (from.edge->window_rows >= limits_.rows_per_edge) return Refusal::over_limit;
  insert(*key, std::move(part));
  part_rows_.put(part_key(from.id, *key), std::move(value));
  return std::nullopt;
}

void WindowTable::advance(Timestamp now) {
  state_.now_ns = std::max(state_.now_ns, to_nanoseconds(now));
  state_.horizon_ns = std::max(state_.horizon_ns, state_.now_ns - limits_.keep_parts.count());
  while (!live_.empty() && live_.begin()->end_ns <= state_.horizon_ns) freeze(*live_.begin()->key);
  while (!frozen_.empty() && frozen_.begin()->end_ns <= state_.now_ns - limits_.keep_frozen.count()) drop(*frozen_.begin()->key);
  shrink();
}

void WindowTable::insert(const WindowKey& key, Part part) {
  const auto at = rows_.try_emplace(key).first;
  auto& parts = at->second.parts;
  bytes_ += size_of(key, part.payload);
  ++part.from->window_rows;
  ++part.from->edge->window_rows;
  live_.insert({end_of(key), &at->first});
  parts.insert(std::upper_bound(parts.begin(), parts.end(), part, stands_before), std::move(part));
}

void WindowTable::insert_frozen(const WindowKey& key, std::string region, std::string payload) {
  const auto at = rows_.try_emplace(key).first;
  bytes_ += size_of(key, payload);
  frozen_.insert({end_of(key), &at->first});
  at->second.frozen[std::move(region)] = std::move(payload);
}

void WindowTable::freeze(const WindowKey& at) {
  const WindowKey key = at;
  auto& row = rows_.at(key);
  std::map<std::string, WindowSum> sums;
  for (const auto& part : row.parts) {
    sums.try_emplace(part.region, key).first->second.add(part.payload);
    bytes_ -= size_of(key, part.payload);
    --part.from->window_rows;
    --part.from->edge->window_rows;
    part_rows_.erase(part_key(part.from->id, key));
  }
  row.parts.clear();
  live_.erase({end_of(key), &rows_.find(key)->first});
  for (const auto& [region, sum] : sums) {
    frozen_rows_.put(frozen_key(region, key), sum.encoded());
    insert_frozen(key, region, sum.encoded());
  }
}

void WindowTable::drop(const WindowKey& at) {
  const WindowKey key = at;
  const auto row = rows_.find(key);
  for (const auto& [region, payload] : row->second.frozen) {
    bytes_ -= size_of(key, payload);
    frozen_rows_.erase(frozen_key(region, key));
    ++state_.dropped;
  }
  frozen_.erase({end_of(key), &row->first});
  rows_.erase(row);
}

// Too many bytes: what is oldest loses its detail first, then goes.
void WindowTable::shrink() {
  while (bytes_ > limits_.bytes && !(live_.empty() && frozen_.empty())) {
    if (live_.empty()) {
      drop(*frozen_.begin()->key);
      continue;
    }
    state_.horizon_ns = std::max(state_.horizon_ns, live_.begin()->end_ns);
    while (!live_.empty() && live_.begin()->end_ns <= state_.horizon_ns) {
      state_.frozen_early += rows_.at(*live_.begin()->key).parts.size();
      freeze(*live_.begin()->key);
    }
  }
}

}  // namespace doppel

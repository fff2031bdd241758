#include "coordinator/latest_table.h"

#include <utility>

#include "twin_store/model/bytes.h"
#include "twin_store/model/window.h"

namespace doppel {
namespace {

constexpr std::size_t kRowOverhead = 128;  // of a row in memory, beside its bytes
constexpr auto kMinusOne = static_cast<std::size_t>(-1);

std::string stored(const LatestTable::Key& key) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put_bytes(key.edge.text());
  writer.put(key.lane);
  writer.put_raw(key.key);
  return bytes;
}

std::size_t size_of(const LatestTable::Key& key, const std::string& payload) {
  return kRowOverhead + key.edge.text().size() + key.key.size() + payload.size();
}

}  // namespace

std::optional<std::pair<LatestTable::Key, LatestTable::Row>> LatestTable::decode(std::string_view key_bytes, std::string_view value) {
  ByteReader key_reader(key_bytes);
  Key key;
  key.edge = EdgeId(std::string(key_reader.take_bytes()));
  key.lane = key_reader.take<std::uint32_t>();
  key.key = key_reader.take_raw(key_reader.left());
  ByteReader reader(value);
  Row row{reader.take<std::uint64_t>(), from_nanoseconds(reader.take<std::int64_t>()), std::string(reader.take_bytes())};
  if (!key_reader.ok() || !reader.ok() || key.key.empty()) return std::nullopt;
  return std::pair(std::move(key), std::move(row));
}

Result<void> LatestTable::load(const StoreReader& store, Roster& roster) {
  roster_ = &roster;
  bool sound = true;
  auto read = store.for_each(kTable, [&](std::string_view bytes, std::string_view value) {
    auto decoded = decode(bytes, value);
    auto* edge = decoded ? roster.find(decoded->first.edge) : nullptr;
    if (edge == nullptr) return void(sound = false);
    auto& [key, row] = *decoded;
    ++edge->latest_rows;
    count(*edge, key, row, 1);
    bytes_ += size_of(key, row.payload);
    if (row.payload.empty()) removed_.emplace(row.arrival, key);
    rows_.emplace(std::move(key), std::move(row));
  });
  if (!read) return read;
  if (!sound) return corrupt_data("a row of table " + std::string(kTable) + " does not decode");
  return {};
}

std::optional<Refusal> LatestTable::put(Contributor& from, std::string_view key_text, std::uint64_t revision, std::string payload,
                                        Timestamp arrival) {
  Key key{from.edge->name, std::string(key_text), from.lane};
  auto at = rows_.find(key);
  if (at != rows_.end() && revision <= at->second.revision) return std::nullopt;
  const auto earlier = at == rows_.end() ? 0 : size_of(key, at->second.payload);
  if (bytes_ - earlier + size_of(key, payload) > limits_.bytes) return Refusal::over_limit;
  if (at == rows_.end()) {
    if (from.edge->latest_rows >= limits_.rows_per_edge) return Refusal::over_limit;
    ++from.edge->latest_rows;
    at = rows_.emplace(key, Row()).first;
  }
  bytes_ = bytes_ - earlier + size_of(key, payload);
  count(*from.edge, key, at->second, kMinusOne);
  observer_(key, at->second.payload, payload);
  at->second = {revision, arrival, std::move(payload)};
  count(*from.edge, key, at->second, 1);
  if (at->second.payload.empty()) removed_.emplace(arrival, key);

  std::string value;
  ByteWriter writer(value);
  writer.put(revision);
  writer.put(to_nanoseconds(arrival));
  writer.put_bytes(at->second.payload);
  rows_changed_.put(stored(key), std::move(value));
  return std::nullopt;
}

void LatestTable::forget(EdgeRecord& edge, std::uint32_t lane) {
  for (auto at = rows_.lower_bound({edge.name, "", 0}); at != rows_.end() && at->first.edge == edge.name;) {
    if (at->first.lane != lane) {
      ++at;
      continue;
    }
    observer_(at->first, at->second.payload, "");
    at = erase(at, edge);
  }
}

void LatestTable::advance(Timestamp now) {
  while (!removed_.empty() && removed_.begin()->first + limits_.keep_removed <= now) {
    const auto at = rows_.find(removed_.begin()->second);
    const bool still = at != rows_.end() && at->second.payload.empty() && at->second.arrival == removed_.begin()->first;
    if (still) erase(at, *roster_->find(at->first.edge));
    removed_.erase(removed_.begin());
  }
}

void LatestTable::count(EdgeRecord& edge, const Key& key, const Row& row, std::size_t by) {
  if (row.payload.empty()) return;
  if (key.key.front() == kTwinValuesKey) edge.twins += by;
  if (key.key.front() == kAlertKey) edge.alerts += by;
}

LatestTable::Rows::iterator LatestTable::erase(Rows::iterator at, EdgeRecord& edge) {
  bytes_ -= size_of(at->first, at->second.payload);
  --edge.latest_rows;
  count(edge, at->first, at->second, kMinusOne);
  rows_changed_.erase(stored(at->first));
  return rows_.erase(at);
}

}  // namespace doppel

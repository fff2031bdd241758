#include "twin_store/lane/outbox.h"

#include <algorithm>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kRowVersion = 1;
constexpr char kQueuedRow = 'q', kReplacementRow = 'r';

std::string stored_key(const OutboxRow& row) {
  if (row.kind == OutboxKind::replacement) return kReplacementRow + row.target;
  std::string key(1, kQueuedRow);
  return key + static_cast<char>(row.kind) + to_string(row.key);
}

std::string encode(const OutboxRow& row) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kRowVersion);
  for (const auto byte : row.key.incarnation.bytes) writer.put(byte);
  writer.put(row.key.epoch);
  writer.put(row.key.mark);
  writer.put(row.key.ordinal);
  writer.put(row.kind);
  writer.put(row.qos);
  writer.put(static_cast<std::uint8_t>(row.retain));
  writer.put(row.revision);
  writer.put_bytes(row.target);
  writer.put_bytes(row.payload);
  return out;
}

std::optional<OutboxRow> decode(std::string_view bytes) {
  ByteReader reader(bytes);
  OutboxRow row;
  if (reader.take<std::uint8_t>() != kRowVersion) return std::nullopt;
  for (auto& byte : row.key.incarnation.bytes) byte = reader.take<std::uint8_t>();
  row.key.epoch = reader.take<Epoch>();
  row.key.mark = reader.take<Position>();
  row.key.ordinal = reader.take<std::uint32_t>();
  row.kind = reader.take<OutboxKind>();
  row.qos = reader.take<std::uint8_t>();
  row.retain = reader.take<std::uint8_t>() != 0;
  row.revision = reader.take<std::uint64_t>();
  row.target = reader.take_bytes();
  row.payload = reader.take_bytes();
  const bool known = row.kind >= OutboxKind::publish && row.kind <= OutboxKind::log;
  if (!reader.ok() || !reader.at_end() || !known) return std::nullopt;
  return row;
}

void call(const std::vector<std::function<void()>>& listeners) {
  for (const auto& listener : listeners) listener();
}

}  // namespace

Result<void> Outbox::load(const StoreReader& store) {
  std::lock_guard lock(mutex_);
  std::size_t bad = 0;
  auto read = store.for_each(Store::kOutboxTable, [&](std::string_view key, std::string_view value) {
    auto row = decode(value);
    if (!row) return void(++bad);
    if (!is_delivered(*row)) return insert(std::move(*row), Position::none, true);
    changed_.insert(std::string(key));
  });
  if (!read) return read;
  if (bad != 0) return corrupt_data(std::to_string(bad) + " rows of the outbox table do not decode");
  return {};
}

void Outbox::start(Position synced) {
  std::unique_lock lock(mutex_);
  started_ = true;
  synced_ = synced;
  delivered_before_.keys.clear();
  const auto listeners = take_ready_listeners();
  lock.unlock();
  call(listeners);
}

void Outbox::add(std::vector<OutboxRow>& rows, Position ready_after) {
  std::unique_lock lock(mutex_);
  for (auto& row : rows) {
    if (!is_delivered(row)) insert(std::move(row), ready_after, false);
  }
  rows.clear();
  const auto listeners = take_ready_listeners();
  lock.unlock();
  call(listeners);
}

void Outbox::release(Position synced) {
  std::unique_lock lock(mutex_);
  if (synced <= synced_) return;
  synced_ = synced;
  const auto listeners = take_ready_listeners();
  lock.unlock();
  call(listeners);
}

void Outbox::on_ready(OutboxKind kind, std::function<void()> listener) {
  std::lock_guard lock(mutex_);
  listeners_[static_cast<std::size_t>(kind)].call = std::move(listener);
}

std::vector<OutboxRow> Outbox::take(OutboxKind kind, std::size_t limit) {
  std::lock_guard lock(mutex_);
  std::vector<OutboxRow> taken;
  if (!started_) return taken;
  const auto take_from = [&](auto begin, auto end) {
    for (auto at = begin; at != end && taken.size() < limit; ++at) {
      auto& entry = at->second;
      if (entry.in_flight || entry.ready_after > synced_) continue;
      entry.in_flight = true;
      taken.push_back(entry.row);
    }
  };
  if (kind != OutboxKind::replacement) {
    take_from(queue(kind).begin(), queue(kind).end());
    return taken;
  }
  // Those that change all the time do not keep the others waiting.
  const auto turn = replacements_.upper_bound(last_taken_target_);
  take_from(turn, replacements_.end());
  take_from(replacements_.begin(), turn);
  if (!taken.empty()) last_taken_target_ = taken.back().target;
  return taken;
}

Result<void> Outbox::delivered(const OutboxRow& row) {
  std::lock_guard lock(mutex_);
  ++counts_.delivered;
  if (row.kind == OutboxKind::replacement) {
    const auto at = replacements_.find(row.target);
    if (at != replacements_.end() && at->second.row.revision <= row.revision) {
      forget(stored_key(row), at->second.stored);
      replacements_.erase(at);
    }
    return log_.add(row.target, row.revision);
  }
  const auto at = queue(row.kind).find(row.key);
  if (at != queue(row.kind).end()) {
    forget(stored_key(row), at->second.stored);
    queue(row.kind).erase(at);
  }
  return log_.add(row.key);
}

void Outbox::put_back(const OutboxRow& row) {
  std::lock_guard lock(mutex_);
  if (row.kind == OutboxKind::replacement) {
    const auto at = replacements_.find(row.target);
    if (at != replacements_.end() && at->second.row.revision == row.revision) at->second.in_flight = false;
    return;
  }
  const auto at = queue(row.kind).find(row.key);
  if (at != queue(row.kind).end()) at->second.in_flight = false;
}

void Outbox::clear_replacements() {
  std::lock_guard lock(mutex_);
  for (const auto& [target, entry] : replacements_) forget(kReplacementRow + target, entry.stored);
  replacements_.clear();
}

void Outbox::recall_replacements() {
  std::lock_guard lock(mutex_);
  for (auto& [target, entry] : replacements_) entry.in_flight = false;
}

void Outbox::forget_receipts() {
  std::lock_guard lock(mutex_);
  delivered_before_.revisions.clear();
}

std::uint64_t Outbox::highest_receipt() const {
  std::lock_guard lock(mutex_);
  std::uint64_t highest = 0;
  for (const auto& [target, revision] : delivered_before_.revisions) highest = std::max(highest, revision);
  return highest;
}

Result<std::uint64_t> Outbox::take_changes(std::vector<RowChange>& changes) {
  std::lock_guard lock(mutex_);
  const auto change = [&](const std::string& key, Entry* entry) {
    changes.push_back({Store::kOutboxTable, key, entry == nullptr ? std::nullopt : std::optional(encode(entry->row))});
    if (entry != nullptr) entry->stored = true;
  };
  std::set<std::string> gone = std::move(changed_);
  changed_.clear();
  for (auto& entries : queues_) {
    for (auto& [key, entry] : entries) {
      if (!entry.stored) change(stored_key(entry.row), &entry);
    }
  }
  for (auto& [target, entry] : replacements_) {
    if (entry.stored) continue;
    const auto key = stored_key(entry.row);
    change(key, &entry);
    gone.erase(key);
  }
  for (const auto& key : gone) change(key, nullptr);
  return log_.rotate();
}

Result<void> Outbox::committed(std::uint64_t delivery_log_number) {
  std::lock_guard lock(mutex_);
  return log_.drop_before(delivery_log_number);
}

OutboxCounts Outbox::counts() const {
  std::lock_guard lock(mutex_);
  OutboxCounts counts = counts_;
  counts.undelivered = replacements_.size();
  for (const auto& entries : queues_) counts.undelivered += entries.size();
  return counts;
}

bool Outbox::is_delivered(const OutboxRow& row) const {
  if (row.kind != OutboxKind::replacement) return delivered_before_.keys.contains(row.key);
  const auto at = delivered_before_.revisions.find(row.target);
  return at != delivered_before_.revisions.end() && row.revision <= at->second;
}

void Outbox::insert(OutboxRow row, Position ready_after, bool stored) {
  auto& listener = listeners_[static_cast<std::size_t>(row.kind)];
  if (!listener.untold_from) listener.untold_from = ready_after;
  listener.newest = std::max(listener.newest, ready_after);
  if (row.kind == OutboxKind::replacement) {
    auto& entry = replacements_[row.target];
    if (entry.stored && !stored) changed_.insert(stored_key(row));
    entry = {std::move(row), ready_after, false, stored};
    return;
  }
  Queue& entries = queue(row.kind);
  const OutboxKey key = row.key;
  entries.insert_or_assign(key, Entry{std::move(row), ready_after, false, stored});
  if (entries.size() > options_.max_rows) limit(entries);
}

// The row has left the outbox: what the store holds of it is to be deleted.
void Outbox::forget(const std::string& key, bool stored) {
  if (stored) changed_.insert(key);
}

void Outbox::limit(Queue& entries) {
  for (auto at = entries.begin(); at != entries.end(); ++at) {
    if (at->second.in_flight) continue;
    forget(stored_key(at->second.row), at->second.stored);
    entries.erase(at);
    ++counts_.dropped;
    return;
  }
}

// Of the kinds that have rows which nobody was told of and whose cause is synced.
std::vector<std::function<void()>> Outbox::take_ready_listeners() {
  std::vector<std::function<void()>> calls;
  if (!started_) return calls;
  for (auto& listener : listeners_) {
    if (!listener.untold_from || *listener.untold_from > synced_) continue;
    listener.untold_from = listener.newest > synced_ ? std::optional(next(synced_)) : std::nullopt;
    if (listener.call) calls.push_back(listener.call);
  }
  return calls;
}

}  // namespace doppel

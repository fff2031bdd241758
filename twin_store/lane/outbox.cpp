#include "twin_store/lane/outbox.h"

#include <algorithm>
#include <utility>

#include "twin_store/lane/outbox_table.h"

namespace doppel {
namespace {

void call(const std::vector<std::function<void()>>& listeners) {
  for (const auto& listener : listeners) listener();
}

}  // namespace

Outbox::Outbox(DeliveryLog& delivery_log, OutboxOptions options, Log& log)
    : delivery_log_(delivery_log), delivered_before_(delivery_log.at_opening()), options_(options), log_(log), replacements_(options.max_replacements) {
  for (const auto& [target, revision] : delivered_before_.revisions) state_.highest_receipt = std::max(state_.highest_receipt, revision);
}

Result<void> Outbox::load(const StoreReader& store) {
  std::lock_guard lock(mutex_);
  std::size_t bad = 0;
  auto read = store.for_each(Store::kOutboxTable, [&](std::string_view key, std::string_view value) {
    if (key == kOutboxStateKey) return void(bad += load_state(value) ? 0 : 1);
    auto row = decode_outbox_row(value);
    if (!row) return void(++bad);
    if (!is_delivered(*row)) return insert(std::move(*row), Position::none, From::store);
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
    if (!is_delivered(row)) insert(std::move(row), ready_after, From::fold);
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
  if (kind == OutboxKind::replacement) return replacements_.take(synced_, limit);
  for (auto& [key, entry] : queue(kind)) {
    if (taken.size() == limit) break;
    if (entry.in_flight || entry.ready_after > synced_) continue;
    entry.in_flight = true;
    taken.push_back(entry.row);
  }
  return taken;
}

Result<void> Outbox::delivered(const OutboxRow& row) {
  std::lock_guard lock(mutex_);
  ++delivered_;
  if (row.kind == OutboxKind::replacement) {
    note_receipt(row.revision);
    const auto* entry = replacements_.find(row.target);
    if (entry != nullptr && entry->row.revision <= row.revision) {
      forget(stored_key(row), entry->stored);
      replacements_.erase(row.target);
    }
    if (replacements_.is_half_empty()) end_loss(row.kind);
    return delivery_log_.add(row.target, row.revision);
  }
  const auto at = queue(row.kind).find(row.key);
  if (at != queue(row.kind).end()) {
    forget(stored_key(row), at->second.stored);
    queue(row.kind).erase(at);
  }
  if (queue(row.kind).size() <= most(row.kind) / 2) end_loss(row.kind);
  return delivery_log_.add(row.key);
}

void Outbox::put_back(const OutboxRow& row) {
  std::lock_guard lock(mutex_);
  if (row.kind == OutboxKind::replacement) return replacements_.put_back(row.target, row.revision);
  const auto at = queue(row.kind).find(row.key);
  if (at != queue(row.kind).end()) at->second.in_flight = false;
}

void Outbox::clear_replacements() {
  std::lock_guard lock(mutex_);
  replacements_.for_each([this](const Replacements::Entry& entry) { forget(stored_key(entry.row), entry.stored); });
  replacements_.clear();
  forget_highest_receipt();
}

void Outbox::recall_replacements() {
  std::lock_guard lock(mutex_);
  replacements_.recall();
}

void Outbox::forget_receipts() {
  std::lock_guard lock(mutex_);
  delivered_before_.revisions.clear();
  forget_highest_receipt();
}

std::uint64_t Outbox::highest_receipt() const {
  std::lock_guard lock(mutex_);
  return state_.highest_receipt;
}

bool Outbox::lacks_replacements() const {
  std::lock_guard lock(mutex_);
  return state_.lacks_replacements;
}

void Outbox::has_replacements_again() {
  std::lock_guard lock(mutex_);
  state_.lacks_replacements = false;
  changed_.emplace(kOutboxStateKey);
}

Result<std::uint64_t> Outbox::take_changes(std::vector<RowChange>& changes) {
  std::lock_guard lock(mutex_);
  for (const auto& key : changed_) changes.push_back({Store::kOutboxTable, key, stored_value(key)});
  changed_.clear();
  return delivery_log_.rotate();
}

Result<void> Outbox::committed(std::uint64_t delivery_log_number) {
  std::lock_guard lock(mutex_);
  return delivery_log_.drop_before(delivery_log_number);
}

OutboxCounts Outbox::counts() const {
  std::lock_guard lock(mutex_);
  constexpr auto kReplacement = static_cast<std::size_t>(OutboxKind::replacement);
  OutboxCounts counts;
  counts.delivered = delivered_;
  counts.dropped_by_kind = dropped_;
  counts.dropped_by_kind[kReplacement] = state_.dropped_replacements;
  for (std::size_t kind = 0; kind < kOutboxKinds; ++kind) {
    counts.undelivered_by_kind[kind] = kind == kReplacement ? replacements_.size() : queues_[kind].size();
    counts.undelivered += counts.undelivered_by_kind[kind];
    counts.dropped += counts.dropped_by_kind[kind];
  }
  return counts;
}

bool Outbox::is_delivered(const OutboxRow& row) const {
  if (row.kind != OutboxKind::replacement) return delivered_before_.keys.contains(row.key);
  const auto at = delivered_before_.revisions.find(row.target);
  return at != delivered_before_.revisions.end() && row.revision <= at->second;
}

void Outbox::insert(OutboxRow row, Position ready_after, From from) {
  auto& listener = listeners_[static_cast<std::size_t>(row.kind)];
  if (!listener.untold_from) listener.untold_from = ready_after;
  listener.newest = std::max(listener.newest, ready_after);
  if (row.kind == OutboxKind::replacement) return insert_replacement(std::move(row), ready_after, from);
  Queue& entries = queue(row.kind);
  if (from == From::fold) changed_.insert(stored_key(row));
  const OutboxKey key = row.key;
  const OutboxKind kind = row.kind;
  entries.insert_or_assign(key, Entry{std::move(row), ready_after, false, from == From::store});
  if (entries.size() > most(kind)) limit(kind);
}

void Outbox::insert_replacement(OutboxRow row, Position ready_after, From from) {
  if (!options_.has_uplink) {
    if (from == From::store) changed_.insert(stored_key(row));
    if (!std::exchange(state_.lacks_replacements, true)) changed_.emplace(kOutboxStateKey);
    return;
  }
  // Where a row of this target has left since the last commit, the store holds it still: its deletion waits under the same key.
  const bool waits_for_deletion = replacements_.find(row.target) == nullptr && changed_.contains(stored_key(row));
  if (from == From::fold) changed_.insert(stored_key(row));
  auto& entry = replacements_.put(std::move(row), ready_after);
  if (from == From::store || waits_for_deletion) entry.stored = true;
  while (const auto gone = replacements_.take_one_too_many()) {
    forget(stored_key(gone->row), gone->stored);
    ++state_.dropped_replacements;
    changed_.emplace(kOutboxStateKey);
    tell_loss(OutboxKind::replacement, options_.max_replacements);
  }
}

// The row has left the outbox: what the store holds of it is to be deleted.
void Outbox::forget(const std::string& key, bool stored) {
  if (stored) {
    changed_.insert(key);
  } else {
    changed_.erase(key);
  }
}

void Outbox::limit(OutboxKind kind) {
  Queue& entries = queue(kind);
  const auto oldest = std::find_if(entries.begin(), entries.end(), [](const auto& entry) { return !entry.second.in_flight; });
  if (oldest == entries.end()) return;
  forget(stored_key(oldest->second.row), oldest->second.stored);
  entries.erase(oldest);
  ++dropped_[static_cast<std::size_t>(kind)];
  tell_loss(kind, most(kind));
}

// Said once until there is room again.
void Outbox::tell_loss(OutboxKind kind, std::size_t most) {
  if (std::exchange(is_losing_[static_cast<std::size_t>(kind)], true)) return;
  log_.warning("outbox_full", {{"kind", std::string(to_string(kind))},
                               {"limit", std::to_string(most)},
                               {"why", "nobody takes its rows: the oldest are dropped"}});
}

void Outbox::end_loss(OutboxKind kind) {
  if (!std::exchange(is_losing_[static_cast<std::size_t>(kind)], false)) return;
  log_.info("outbox_has_room", {{"kind", std::string(to_string(kind))}});
}

void Outbox::note_receipt(std::uint64_t revision) {
  if (revision <= state_.highest_receipt) return;
  state_.highest_receipt = revision;
  changed_.emplace(kOutboxStateKey);
}

void Outbox::forget_highest_receipt() {
  if (std::exchange(state_.highest_receipt, 0) != 0) changed_.emplace(kOutboxStateKey);
}

// Rows may be loaded before it.
bool Outbox::load_state(std::string_view value) {
  const auto stored = decode_outbox_state(value);
  if (!stored) return false;
  state_.lacks_replacements |= stored->lacks_replacements;
  state_.dropped_replacements += stored->dropped_replacements;
  state_.highest_receipt = std::max(state_.highest_receipt, stored->highest_receipt);
  return true;
}

// What is to be stored under the key; nothing where the row has left. The store holds it from now on.
std::optional<std::string> Outbox::stored_value(const std::string& key) {
  if (key == kOutboxStateKey) return encode(state_);
  if (const auto target = target_of_stored_key(key)) {
    auto* entry = replacements_.find(*target);
    if (entry == nullptr) return std::nullopt;
    entry->stored = true;
    return encode(entry->row);
  }
  const auto [kind, row_key] = row_of_stored_key(key);
  const auto at = queue(kind).find(row_key);
  if (at == queue(kind).end()) return std::nullopt;
  at->second.stored = true;
  return encode(at->second.row);
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

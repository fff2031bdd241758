#include "broker_bridge/uplink/backlog.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "twin_store/model/window.h"

namespace doppel::uplink {
namespace {

constexpr int kWindowPriority = 3;

int priority_of(char kind) {
  switch (kind) {
    case kAlertKey: return 0;
    case kTwinValuesKey: return 1;
    case kEdgeStatusKey: return 2;
    default: return kWindowPriority;
  }
}

// Of windows the newest comes first; everything else keeps the order in which it came.
std::int64_t rank_of(std::string_view key, std::int64_t arrival) {
  if (key.front() != kWindowRowKey) return arrival;
  const auto window = decode_window_key(key.substr(1));
  return window ? ~window->start_ns : arrival;
}

}  // namespace

bool Backlog::Place::operator<(const Place& other) const {
  return std::tie(priority, rank, *key) < std::tie(other.priority, other.rank, *other.key);
}

Backlog::Place Backlog::place_of(const Entries::value_type& item) {
  return {priority_of(item.first.front()), item.second.rank, &item.first};
}

void Backlog::put(Duration now, std::string_view key, std::uint64_t revision, std::string_view payload) {
  const auto [at, added] = entries_.try_emplace(std::string(key));
  auto& entry = at->second;
  if (!added && revision <= entry.revision) return;
  if (added) {
    entry.since = now;
    bytes_ += key.size();
  }
  bytes_ = bytes_ - entry.payload.size() + payload.size();
  entry.revision = revision;
  entry.payload = payload;
  const bool waits = !added && entry.sequence == 0;
  if (!waits) {
    leave_flight(entry);
    entry.rank = rank_of(key, arrivals_++);
    set_waiting(*at);
  }
  shrink();
}

std::vector<Row> Backlog::take(Duration now, std::uint64_t sequence, std::size_t bytes, Order order) {
  std::vector<Row> rows;
  std::size_t size = 0;
  auto next = waiting_.begin();
  if (order == Order::windows_first) {
    static const std::string kNoKey;
    next = waiting_.lower_bound({kWindowPriority, INT64_MIN, &kNoKey});
    if (next == waiting_.end()) next = waiting_.begin();
  }
  while (next != waiting_.end() && rows.size() < kMaxRows) {
    auto& item = *entries_.find(*next->key);
    const auto row_size = item.first.size() + item.second.payload.size();
    if (!rows.empty() && size + row_size > bytes) break;
    size += row_size;
    rows.push_back({item.first, item.second.revision, item.second.payload});
    item.second.sequence = sequence;
    next = waiting_.erase(next);
  }
  if (!rows.empty()) sent_[sequence] = {now, rows.size()};
  return rows;
}

void Backlog::acknowledge(std::string_view key, std::uint64_t revision) {
  const auto at = entries_.find(std::string(key));
  if (at != entries_.end() && at->second.revision <= revision) erase(at);
}

void Backlog::recall() {
  sent_.clear();
  for (auto& item : entries_) {
    if (item.second.sequence == 0) continue;
    item.second.sequence = 0;
    set_waiting(item);
  }
}

void Backlog::clear() {
  entries_.clear();
  waiting_.clear();
  sent_.clear();
  bytes_ = 0;
}

std::optional<Duration> Backlog::oldest_in_flight() const {
  if (sent_.empty()) return std::nullopt;
  return sent_.begin()->second.at;
}

std::optional<Duration> Backlog::oldest() const {
  std::optional<Duration> oldest;
  for (const auto& [key, entry] : entries_) oldest = oldest ? std::min(*oldest, entry.since) : entry.since;
  return oldest;
}

void Backlog::set_waiting(Entries::value_type& item) { waiting_.insert(place_of(item)); }

void Backlog::leave_flight(Entry& entry) {
  if (entry.sequence == 0) return;
  const auto sent = sent_.find(std::exchange(entry.sequence, 0));
  if (--sent->second.outstanding == 0) sent_.erase(sent);
}

void Backlog::erase(Entries::iterator at) {
  if (at->second.sequence == 0) waiting_.erase(place_of(*at));
  leave_flight(at->second);
  bytes_ -= at->first.size() + at->second.payload.size();
  entries_.erase(at);
}

// What is in flight stays: it is bounded by the credits.
void Backlog::shrink() {
  while ((entries_.size() > limits_.rows || bytes_ > limits_.bytes) && !waiting_.empty()) {
    erase(entries_.find(*std::prev(waiting_.end())->key));
    ++dropped_;
  }
}

}  // namespace doppel::uplink

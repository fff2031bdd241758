#include "twin_store/lane/replacements.h"

#include "twin_store/model/window.h"

namespace doppel {
namespace {

bool is_of_window(std::string_view target) { return target.starts_with(kWindowRowKey); }

}  // namespace

Replacements::Entry& Replacements::put(OutboxRow row, Position ready_after) {
  const auto [at, is_new] = entries_.try_emplace(row.target);
  Ages& ages = ages_of(at->first);
  if (!is_new) ages.erase({age_of(at->second.row), at->first});
  at->second.row = std::move(row);
  at->second.ready_after = ready_after;
  ages.emplace(age_of(at->second.row), at->first);
  waiting_.insert(at->first);
  return at->second;
}

Replacements::Entry* Replacements::find(std::string_view target) {
  const auto at = entries_.find(target);
  return at == entries_.end() ? nullptr : &at->second;
}

void Replacements::erase(std::string_view target) {
  if (const auto at = entries_.find(target); at != entries_.end()) erase(at);
}

void Replacements::clear() {
  waiting_.clear();
  for (auto& ages : ages_) ages.clear();
  entries_.clear();
}

std::optional<Replacements::Entry> Replacements::take_one_too_many() {
  for (const auto& ages : ages_) {
    if (ages.size() <= limit_) continue;
    const auto at = entries_.find(ages.begin()->second);
    Entry entry = at->second;
    erase(at);
    return entry;
  }
  return std::nullopt;
}

std::vector<OutboxRow> Replacements::take(Position synced, std::size_t limit) {
  std::vector<OutboxRow> taken;
  const auto take_from = [&](std::set<std::string_view>::iterator at, std::string_view end) {
    while (at != waiting_.end() && (end.empty() || *at <= end) && taken.size() < limit) {
      const Entry& entry = entries_.find(*at)->second;
      if (entry.ready_after > synced) {
        ++at;
        continue;
      }
      taken.push_back(entry.row);
      at = waiting_.erase(at);
    }
  };
  const std::string turn = last_taken_;
  take_from(waiting_.upper_bound(turn), {});
  if (!turn.empty()) take_from(waiting_.begin(), turn);
  if (!taken.empty()) last_taken_ = taken.back().target;
  return taken;
}

void Replacements::put_back(std::string_view target, std::uint64_t revision) {
  const auto at = entries_.find(target);
  if (at != entries_.end() && at->second.row.revision == revision) waiting_.insert(at->first);
}

void Replacements::recall() {
  for (const auto& [target, entry] : entries_) waiting_.insert(waiting_.end(), target);
}

std::int64_t Replacements::age_of(const OutboxRow& row) {
  const auto window = is_of_window(row.target) ? decode_window_key(std::string_view(row.target).substr(1)) : std::nullopt;
  return window ? window->start_ns + window->length_ns : static_cast<std::int64_t>(row.revision);
}

Replacements::Ages& Replacements::ages_of(std::string_view target) { return ages_[is_of_window(target) ? 0 : 1]; }

void Replacements::erase(Entries::iterator at) {
  waiting_.erase(at->first);
  ages_of(at->first).erase({age_of(at->second.row), at->first});
  entries_.erase(at);
}

}  // namespace doppel

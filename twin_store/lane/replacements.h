// The rows of an outbox that replace each other: of each target the newest that has no receipt. A fold forgets windows, and alerts end,
// while their rows still wait for a coordinator that is away: so that they do not pile up, the oldest go beyond a limit.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/outbox.h"

namespace doppel {

// Thread: one at a time.
class Replacements {
 public:
  struct Entry {
    OutboxRow row;
    Position ready_after = Position::none;
    bool stored = false;  // the store holds a row of this target, this one or an older
  };

  // Window rows are counted apart from all others; each of the two may have `limit` rows.
  explicit Replacements(std::size_t limit) : limit_(limit) {}

  // Takes the place of the row under its target. It waits.
  Entry& put(OutboxRow row, Position ready_after);
  Entry* find(std::string_view target);
  void erase(std::string_view target);
  void clear();
  // Beyond the limit: of the window rows that of the window that ended first, of the others the one with the lowest revision.
  std::optional<Entry> take_one_too_many();

  // Waiting rows that are ready, in flight from now on. Targets take turns, so that those which change all the time do not keep the
  // others waiting.
  std::vector<OutboxRow> take(Position synced, std::size_t limit);
  void put_back(std::string_view target, std::uint64_t revision);
  void recall();  // nothing is in flight any more

  std::size_t size() const { return entries_.size(); }
  bool is_half_empty() const { return ages_[0].size() <= limit_ / 2 && ages_[1].size() <= limit_ / 2; }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [target, entry] : entries_) visit(entry);
  }

 private:
  using Entries = std::map<std::string, Entry, std::less<>>;
  using Ages = std::set<std::pair<std::int64_t, std::string_view>>;  // the oldest first; targets are those of the entries

  static std::int64_t age_of(const OutboxRow& row);
  Ages& ages_of(std::string_view target);
  void erase(Entries::iterator at);

  const std::size_t limit_;
  Entries entries_;
  std::set<std::string_view> waiting_;  // targets of the entries that are not in flight
  std::array<Ages, 2> ages_;            // of windows, of all others
  std::string last_taken_;
};

}  // namespace doppel

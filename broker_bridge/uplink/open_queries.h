// Queries that edges have not answered yet.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

class OpenQueries {
 public:
  void add(std::uint64_t id, const EdgeId& edge, Duration until) { open_[id] = {edge, until}; }
  // True if `edge` was asked this and has not answered: it has now.
  bool close(std::uint64_t id, const EdgeId& edge) {
    const auto at = open_.find(id);
    if (at == open_.end() || at->second.edge != edge) return false;
    open_.erase(at);
    return true;
  }
  // Those that nobody will answer any more; they are closed.
  std::vector<std::uint64_t> take_all_of(const EdgeId& edge) {
    return take([&](const Query& query) { return query.edge == edge; });
  }
  std::vector<std::uint64_t> take_overdue(Duration now) {
    return take([&](const Query& query) { return query.until <= now; });
  }
  std::size_t size() const { return open_.size(); }

 private:
  struct Query {
    EdgeId edge;
    Duration until{0};
  };

  template <class Condition>
  std::vector<std::uint64_t> take(Condition condition) {
    std::vector<std::uint64_t> taken;
    std::erase_if(open_, [&](const auto& item) {
      const bool hit = condition(item.second);
      if (hit) taken.push_back(item.first);
      return hit;
    });
    return taken;
  }

  std::map<std::uint64_t, Query> open_;
};

}  // namespace doppel::uplink

// All twins of a lane, by id. At most a configured number.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "edge_runtime/pipeline/twin.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

using TwinIndex = std::uint32_t;
inline constexpr TwinIndex kNoTwin = UINT32_MAX;

// Thread: the lane's.
class TwinTable {
 public:
  static constexpr std::string_view kTable = "twin";

  explicit TwinTable(NameTable& names) : names_(names) { grow(); }

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);
  std::size_t dirty_bytes() const { return dirty_bytes_; }

  TwinIndex find(std::string_view id) const;
  // kNoTwin when there are `limit` twins already.
  TwinIndex find_or_make(std::string_view id, std::size_t limit);
  Twin& operator[](TwinIndex i) { return twins_[i]; }
  const Twin& operator[](TwinIndex i) const { return twins_[i]; }
  std::size_t size() const { return twins_.size(); }
  void mark_dirty(TwinIndex i);

  // Indexes in the order of the ids, beginning after `after`; kept sorted lazily, for listing.
  const std::vector<TwinIndex>& by_id() const;

 private:
  std::size_t slot_of(std::string_view id) const;
  void grow();

  NameTable& names_;
  std::deque<Twin> twins_;          // never moves
  std::vector<TwinIndex> slots_;    // open addressing, at most half full
  std::vector<TwinIndex> dirty_;
  std::size_t dirty_bytes_ = 0;
  mutable std::vector<TwinIndex> by_id_;
};

}  // namespace doppel

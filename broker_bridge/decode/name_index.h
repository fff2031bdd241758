// Finds a name among those of one event, whose number an attacker chooses: constant time for each.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "twin_store/model/event.h"
#include "twin_store/model/hash.h"

namespace doppel {

class NameIndex {
 public:
  // Room for `names` names.
  explicit NameIndex(std::size_t names) : slots_(std::bit_ceil(names * 2 + 2)) {}

  void clear() {
    if (++generation_ != 0) return;
    std::fill(slots_.begin(), slots_.end(), Slot{});
    generation_ = 1;
  }

  // The place of `name` in `fields`; a name that is not there yet gets the place at the end, which the caller fills.
  std::size_t place(std::string_view name, const std::vector<Field>& fields) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash64(name) & mask;; at = (at + 1) & mask) {
      Slot& slot = slots_[at];
      if (slot.generation != generation_) {
        slot = {generation_, static_cast<std::uint32_t>(fields.size())};
        return fields.size();
      }
      if (fields[slot.field].name == name) return slot.field;
    }
  }

 private:
  struct Slot {
    std::uint32_t generation = 0;  // of the event that used it last
    std::uint32_t field = 0;
  };
  std::vector<Slot> slots_;
  std::uint32_t generation_ = 1;
};

}  // namespace doppel

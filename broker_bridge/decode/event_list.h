// The decoded events of a batch. Slots keep the capacity of their vectors, so that a steady stream allocates nothing.
#pragma once

#include <cstddef>
#include <vector>

#include "twin_store/model/event.h"

namespace doppel {

class EventList {
 public:
  // An empty slot at the end. The reference lives until the next add().
  DecodedEvent& add() {
    if (used_ == slots_.size()) slots_.emplace_back();
    DecodedEvent& slot = slots_[used_++];
    slot.twin = slot.model = slot.event_id = {};
    slot.time.reset();
    slot.time_too_far_ahead = false;
    slot.time_field.reset();
    slot.fields.clear();
    slot.labels.clear();
    slot.duplicate_keys = slot.unnamed_fields = 0;
    return slot;
  }
  void remove_last() { --used_; }
  void clear() { used_ = 0; }

  std::size_t size() const { return used_; }
  bool empty() const { return used_ == 0; }
  DecodedEvent& operator[](std::size_t i) { return slots_[i]; }
  const DecodedEvent& operator[](std::size_t i) const { return slots_[i]; }
  const DecodedEvent* begin() const { return slots_.data(); }
  const DecodedEvent* end() const { return slots_.data() + used_; }

 private:
  std::vector<DecodedEvent> slots_;
  std::size_t used_ = 0;
};

}  // namespace doppel

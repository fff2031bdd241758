// An event that is set aside for later: all that a function sees of it, as it was when the event came.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "functions/abi/run.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

struct KeptEvent {
  struct Property {
    std::string name;
    Value value;
  };

  Position position = Position::none;  // of the record that caused it
  Timestamp arrival, time;
  TriggerKind trigger = TriggerKind::topic;
  std::uint64_t seed = 0;
  std::string twin;     // empty when none was found
  std::string topic;    // or the name of the event, alarm or property
  std::string payload;
  std::vector<Property> fields;
  std::vector<Property> of_twin;  // those properties of its twin that the function reads and that were there

  // Null when it was not there. A function's later version may read what the one that failed did not: that is not there either.
  ValueView of_twin_value(std::string_view name) const;
  // The payload; what came without one (an emitted event, a change) is told by its fields, as JSON.
  std::string input() const;
  // What it takes, about.
  std::size_t bytes() const;
};

void encode(const KeptEvent& event, std::string& out);
// False when the bytes are no event.
bool decode_kept_event(std::string_view bytes, KeptEvent& event);

}  // namespace doppel

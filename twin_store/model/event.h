// A decoded message: what the fold applies to a twin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

struct Field {
  std::string_view name;  // nested fields joined by '.'
  ValueView value;
};

struct Label {
  std::string_view name;
  std::string_view value;
};

// All views point into the record, or into the arena of the batch, and live as long as the batch.
struct DecodedEvent {
  std::string_view twin;
  std::string_view model;               // of the mapping that matched; "" when none names one
  std::string_view event_id;            // "" when the payload names none
  std::optional<Timestamp> time;        // event time when the payload has a plausible one
  bool time_too_far_ahead = false;      // the payload's time was not believed, `time` is empty
  std::vector<Field> fields;            // each name once (the last of duplicates), in first-seen order
  std::optional<std::uint32_t> time_field;  // of `fields`: the one that is the time, believed or not; a time is no measurement
  std::vector<Label> labels;            // named parts of the topic other than the twin's id
  std::uint32_t duplicate_keys = 0;     // fields that a later one of the same name replaced
  std::uint32_t unnamed_fields = 0;     // left out, since their name is empty
};

}  // namespace doppel

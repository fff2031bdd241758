// The payload of a set_property record: somebody outside sets a value of a twin. The record's topic is the twin's id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

struct SetProperty {
  std::string request;                     // id of the waiting request, under which the answer goes out; "" : nobody waits
  std::string property;
  Value value;
  std::optional<std::uint64_t> if_match;   // the revision that the property must have; 0: it must not be there yet
  std::optional<Timestamp> time = {};      // the value's own; the arrival otherwise
};

void encode(const SetProperty& set, std::string& out);
std::optional<SetProperty> decode_set_property(std::string_view bytes);

}  // namespace doppel

// Reads JSON payloads: the fields of an object, and values at pointers, in one pass.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "broker_bridge/decode/compiled_mapping.h"
#include "twin_store/model/arena.h"
#include "twin_store/model/event.h"
#include "twin_store/model/record.h"
#include "twin_store/model/result.h"

namespace doppel {

// Thread: one at a time. The text given to each call is followed by kReadablePadding readable bytes; views point into it or
// into the arena. Errors: invalid_input (not JSON, not UTF-8), limit_exceeded.
class JsonReader {
 public:
  explicit JsonReader(const DecodeLimits& limits);
  ~JsonReader();

  struct Captured {
    ValueView value;
    std::optional<std::uint32_t> field;  // of the event, where the value is one
  };
  struct Wanted {
    const PathNode& paths;         // fields and captures by pointer
    bool every_field;              // also all fields, nested names joined by '.'
    std::span<Captured> captures;  // found values; the caller has set all to null
  };
  // `object` begins with '{' after white space. `event.fields` is empty before.
  Result<void> read_object(std::string_view object, const Wanted& wanted, Arena& arena, DecodedEvent& event);

  // True when `array` is one valid JSON array.
  bool is_array(std::string_view array);
  // The text of one JSON string with its quotes, without its escapes; nothing when it is not one.
  std::optional<std::string_view> read_string(std::string_view string, Arena& arena);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace doppel

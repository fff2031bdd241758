// Turns messages into events of twins. A pure function of the mapping and the record: no clock, no randomness, the same
// bits on every machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "broker_bridge/decode/event_list.h"
#include "broker_bridge/decode/mapping.h"
#include "twin_store/model/arena.h"
#include "twin_store/model/record.h"
#include "twin_store/model/result.h"

namespace doppel {

// Thread: one at a time.
class Decoder {
 public:
  // Errors: invalid_input, naming everything that is wrong with the mapping at once.
  static Result<Decoder> make(const Mapping& mapping);

  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  // Appends the events of a message record (topic, payload, headers and arrival are read; kReadablePadding bytes after the
  // payload must be readable). Views point into the record, the arena, or this decoder's mapping. Allocates nothing once
  // arena and list have grown to their usual size.
  // Errors, each for the dead letters, with no event appended: invalid_input (broken JSON, no usable twin id),
  // limit_exceeded (names the limit), not_found (no rule matches and the default rule is off).
  Result<void> decode(const Record& message, Arena& arena, EventList& events);

  // Appends the fields of a JSON object that did not come as a record (an emitted event, a request body), nested names
  // joined by '.'. `json` is copied into the arena.
  Result<void> decode_object(std::string_view json, Arena& arena, DecodedEvent& event);

 private:
  struct Parts;
  explicit Decoder(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace doppel

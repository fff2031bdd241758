// Values in stored rows: the kind, then the bits or the text.
#pragma once

#include <optional>

#include "twin_store/model/bytes.h"
#include "twin_store/model/value.h"

namespace doppel {

inline void put_value(ByteWriter& writer, const ValueView& value) {
  writer.put(value.kind);
  if (value.has_content()) return writer.put_bytes(value.content);
  if (value.kind != ValueKind::null) writer.put(value.integer);  // the bits of a number are those of its integer
}

// The content points into what is read.
inline std::optional<ValueView> take_value(ByteReader& reader) {
  ValueView value;
  value.kind = reader.take<ValueKind>();
  if (static_cast<std::uint8_t>(value.kind) > kLastValueKind) return std::nullopt;
  if (value.has_content()) {
    value.content = reader.take_bytes();
  } else if (value.kind != ValueKind::null) {
    value.integer = reader.take<std::int64_t>();
  }
  return reader.ok() ? std::optional(value) : std::nullopt;
}

}  // namespace doppel

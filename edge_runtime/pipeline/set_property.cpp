#include "edge_runtime/pipeline/set_property.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {
constexpr std::uint8_t kVersion = 2, kVersionWithoutTime = 1;
}

void encode(const SetProperty& set, std::string& out) {
  ByteWriter writer(out);
  writer.put(kVersion);
  writer.put_bytes(set.request);
  writer.put_bytes(set.property);
  const ValueView value = set.value.view();
  writer.put(value.kind);
  writer.put(value.integer);
  writer.put_bytes(value.content);
  writer.put(static_cast<std::uint8_t>(set.if_match.has_value()));
  writer.put(set.if_match.value_or(0));
  writer.put(static_cast<std::uint8_t>(set.time.has_value()));
  writer.put(to_nanoseconds(set.time.value_or(Timestamp())));
}

std::optional<SetProperty> decode_set_property(std::string_view bytes) {
  ByteReader reader(bytes);
  SetProperty set;
  const auto version = reader.take<std::uint8_t>();
  if (version != kVersion && version != kVersionWithoutTime) return std::nullopt;
  set.request = reader.take_bytes();
  set.property = reader.take_bytes();
  ValueView value;
  value.kind = reader.take<ValueKind>();
  value.integer = reader.take<std::int64_t>();
  value.content = reader.take_bytes();
  const bool conditional = reader.take<std::uint8_t>() != 0;
  const auto revision = reader.take<std::uint64_t>();
  if (conditional) set.if_match = revision;
  if (version == kVersion) {
    const bool has_time = reader.take<std::uint8_t>() != 0;
    const auto time = reader.take<std::int64_t>();
    if (has_time) set.time = from_nanoseconds(time);
  }
  if (!reader.ok() || !reader.at_end() || static_cast<std::uint8_t>(value.kind) > kLastValueKind) return std::nullopt;
  set.value = Value(value);
  return set;
}

}  // namespace doppel

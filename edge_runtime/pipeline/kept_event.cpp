#include "edge_runtime/pipeline/kept_event.h"

#include "edge_runtime/pipeline/value_bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kVersion = 1;

void put_properties(ByteWriter& writer, const std::vector<KeptEvent::Property>& properties) {
  writer.put(static_cast<std::uint32_t>(properties.size()));
  for (const auto& property : properties) {
    writer.put_bytes(property.name);
    put_value(writer, property.value.view());
  }
}

bool take_properties(ByteReader& reader, std::vector<KeptEvent::Property>& properties) {
  for (auto left = reader.take<std::uint32_t>(); left != 0 && reader.ok(); --left) {
    std::string name(reader.take_bytes());
    const auto value = take_value(reader);
    if (!value) return false;
    properties.push_back({std::move(name), Value(*value)});
  }
  return reader.ok();
}

std::size_t bytes_of(const std::vector<KeptEvent::Property>& properties) {
  std::size_t bytes = 0;
  for (const auto& property : properties) bytes += sizeof property + property.name.size() + property.value.view().content.size();
  return bytes;
}

}  // namespace

ValueView KeptEvent::of_twin_value(std::string_view name) const {
  for (const auto& property : of_twin) {
    if (property.name == name) return property.value.view();
  }
  return ValueView::null();
}

std::string KeptEvent::input() const {
  if (!payload.empty() || fields.empty()) return payload;
  std::string json;
  for (const auto& field : fields) {
    json += json.empty() ? '{' : ',';
    append_json_string(json, field.name);
    json += ':';
    append_json(json, field.value.view());
  }
  return json + '}';
}

std::size_t KeptEvent::bytes() const { return sizeof *this + twin.size() + topic.size() + payload.size() + bytes_of(fields) + bytes_of(of_twin); }

void encode(const KeptEvent& event, std::string& out) {
  ByteWriter writer(out);
  writer.put(kVersion);
  writer.put(event.position);
  writer.put(to_nanoseconds(event.arrival));
  writer.put(to_nanoseconds(event.time));
  writer.put(event.trigger);
  writer.put(event.seed);
  for (const auto* text : {&event.twin, &event.topic, &event.payload}) writer.put_bytes(*text);
  put_properties(writer, event.fields);
  put_properties(writer, event.of_twin);
}

bool decode_kept_event(std::string_view bytes, KeptEvent& event) {
  ByteReader reader(bytes);
  if (reader.take<std::uint8_t>() != kVersion) return false;
  event.position = reader.take<Position>();
  event.arrival = from_nanoseconds(reader.take<std::int64_t>());
  event.time = from_nanoseconds(reader.take<std::int64_t>());
  event.trigger = reader.take<TriggerKind>();
  event.seed = reader.take<std::uint64_t>();
  for (auto* text : {&event.twin, &event.topic, &event.payload}) *text = reader.take_bytes();
  return take_properties(reader, event.fields) && take_properties(reader, event.of_twin) && reader.at_end();
}

}  // namespace doppel

// Any bytes as topic and payload, under mapping rules and under the default rule: decoding refuses by name or gives an event
// whose views can be read.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker_bridge/decode/decoder.h"

namespace {

doppel::Decoder make_decoder() {
  doppel::Mapping mapping;
  doppel::MappingRule rule;
  rule.topic = "m/{area}/{id}";
  rule.twin = "{area}-{/device/id}";
  rule.time = "/at";
  rule.event_id = "/n";
  rule.fields = {{"/values/1", "second"}, {"/sub", "group"}};
  mapping.rules = {rule};
  mapping.limits.depth = 8;
  return std::move(doppel::Decoder::make(mapping)).value();
}

void require(bool holds) {
  if (!holds) std::abort();
}

// Reads every byte that the event refers to, and checks what is promised about each field.
void check(const doppel::DecodedEvent& event) {
  std::string text;
  require(!event.twin.empty() && event.twin.size() <= doppel::kMaxTwinId && doppel::is_utf8(event.twin));
  for (const auto& field : event.fields) {
    require(!field.name.empty() && doppel::is_utf8(field.name));
    require(field.value.kind != doppel::ValueKind::text || doppel::is_utf8(field.value.content));
    append_json(text, field.value);
  }
  for (const auto& label : event.labels) text += label.value;
  text += event.event_id;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static doppel::Decoder decoder = make_decoder();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  if (line == std::string_view::npos) return 0;

  doppel::Record message;
  const std::string topic(input.substr(0, line));
  std::string payload(input.substr(line + 1));
  const std::size_t length = payload.size();
  payload.append(doppel::kReadablePadding, '{');
  message.topic = topic;
  message.payload = std::string_view(payload).substr(0, length);

  doppel::Arena arena;
  doppel::EventList events;
  if (decoder.decode(message, arena, events)) check(events[0]);
  return 0;
}

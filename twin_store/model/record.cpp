#include "twin_store/model/record.h"

#include "twin_store/model/bytes.h"

namespace doppel {

std::string_view to_string(RecordKind kind) {
  switch (kind) {
    case RecordKind::message: return "message";
    case RecordKind::request: return "request";
    case RecordKind::tick: return "tick";
    case RecordKind::clock_step: return "clock_step";
    case RecordKind::result: return "result";
    case RecordKind::activation: return "activation";
    case RecordKind::configuration: return "configuration";
    case RecordKind::set_property: return "set_property";
    case RecordKind::desired: return "desired";
    case RecordKind::uplink: return "uplink";
    case RecordKind::mark: return "mark";
    case RecordKind::decision: return "decision";
    case RecordKind::start: return "start";
    case RecordKind::end: return "end";
    case RecordKind::incarnation: return "incarnation";
    case RecordKind::dead_letters: return "dead_letters";
  }
  return "unknown";
}

void append_header(std::string& headers, HeaderTag tag, std::string_view value) {
  ByteWriter writer(headers);
  writer.put(tag);
  writer.put_bytes(value);
}

std::optional<std::string_view> find_header(std::string_view headers, HeaderTag tag) {
  ByteReader reader(headers);
  while (!reader.at_end()) {
    const auto found = reader.take<HeaderTag>();
    const auto value = reader.take_bytes();
    if (!reader.ok()) return std::nullopt;
    if (found == tag) return value;
  }
  return std::nullopt;
}

}  // namespace doppel

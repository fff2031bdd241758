#include "broker_bridge/decode/decoder.h"

#include <charconv>
#include <cstring>

#include "broker_bridge/decode/compiled_mapping.h"
#include "broker_bridge/decode/event_time.h"
#include "broker_bridge/decode/json_reader.h"
#include "broker_bridge/decode/scalar.h"
#include "broker_bridge/decode/topic_matcher.h"
#include "twin_store/model/bytes.h"
#include "twin_store/model/ids.h"

namespace doppel {
namespace {

using Captures = std::array<JsonReader::Captured, kMaxCaptures>;

constexpr std::size_t kMaxEventId = 256;

// The default rule for a payload without fields. A topic of one level, or with an empty first or last part, is the twin.
struct SplitTopic {
  std::string_view twin, property;
};
SplitTopic split(std::string_view topic) {
  const auto slash = topic.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == topic.size()) return {topic, "value"};
  return {topic.substr(0, slash), topic.substr(slash + 1)};
}

// Text of an id in a payload: a string, or an integer in decimal.
std::optional<std::string_view> id_text(const ValueView& value, Arena& arena) {
  if (value.kind == ValueKind::text) return value.content;
  if (value.kind != ValueKind::integer) return std::nullopt;
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, value.integer).ptr;
  return arena.copy({digits, static_cast<std::size_t>(end - digits)});
}

Result<std::string_view> render(const TextTemplate& text, const TopicParts& parts, const Captures& captures, Arena& arena) {
  using Kind = TextTemplate::Piece::Kind;
  if (text.pieces.size() == 1 && text.pieces[0].kind == Kind::part) return parts[text.pieces[0].index];
  std::string_view result;
  for (const auto& piece : text.pieces) {
    std::string_view next = piece.literal;
    if (piece.kind == Kind::part) next = parts[piece.index];
    if (piece.kind == Kind::capture) {
      const auto id = id_text(captures[piece.index].value, arena);
      if (!id) return invalid_input("payload has no text or integer where the mapping takes the twin's id from");
      next = *id;
    }
    if (next.empty()) continue;
    char* longer = arena.allocate(result.size() + next.size());
    if (!result.empty()) std::memcpy(longer, result.data(), result.size());
    std::memcpy(longer + result.size(), next.data(), next.size());
    result = {longer, result.size() + next.size()};
  }
  return result;
}

Result<void> check_twin_id(std::string_view id) {
  if (id.empty()) return invalid_input("the twin's id is empty");
  if (id.size() > kMaxTwinId)
    return limit_exceeded("the twin's id has " + std::to_string(id.size()) + " bytes, at most " + std::to_string(kMaxTwinId) +
                          " are allowed: \"" + std::string(id.substr(0, 64)) + "...\"");
  if (!is_utf8(id)) return invalid_input("the twin's id is not valid UTF-8");
  return {};
}

PayloadFormat format_of(const CompiledRule& rule, const Record& message) {
  if (rule.format != PayloadFormat::automatic || message.headers.empty()) return rule.format;
  const bool octets = find_header(message.headers, HeaderTag::content_type) == "application/octet-stream";
  return octets ? PayloadFormat::bytes : PayloadFormat::automatic;
}

void take_time(const CompiledRule& rule, const Captures& captures, const Record& message, Duration ahead, DecodedEvent& event) {
  for (std::size_t i = 0; i < rule.times; ++i) {
    const auto time = plausible_time(captures[i].value);
    if (!time) continue;
    event.time_field = captures[i].field;
    event.time_too_far_ahead = *time - message.arrival > ahead;
    if (!event.time_too_far_ahead) event.time = time;
    return;
  }
}

}  // namespace

struct Decoder::Parts {
  explicit Parts(CompiledMapping compiled)
      : mapping(std::move(compiled)), matcher(mapping), json(mapping.limits) {}

  Result<void> check_size(const Record& message) const;
  Result<void> fill(const CompiledRule& rule, const TopicParts& parts, const Record& message, Arena& arena, DecodedEvent& event);
  Result<void> read_value(const CompiledRule& rule, PayloadFormat format, const TopicParts& parts, const Record& message,
                          Arena& arena, DecodedEvent& event);
  ValueView value_of(PayloadFormat format, std::string_view payload, Arena& arena);

  const CompiledMapping mapping;
  TopicMatcher matcher;
  JsonReader json;
};

Result<Decoder> Decoder::make(const Mapping& mapping) {
  auto compiled = compile(mapping);
  if (!compiled) return compiled.error();
  return Decoder(std::make_unique<Parts>(std::move(compiled).value()));
}

Decoder::Decoder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

Result<void> Decoder::decode(const Record& message, Arena& arena, EventList& events) {
  if (auto ok = parts_->check_size(message); !ok) return ok;
  TopicParts parts;
  const CompiledRule* rule = parts_->matcher.find(message.topic, parts);
  if (!rule) return not_found("no mapping matches the topic, and the default rule is off");
  auto ok = parts_->fill(*rule, parts, message, arena, events.add());
  if (!ok) events.remove_last();
  return ok;
}

Result<void> Decoder::decode_object(std::string_view json, Arena& arena, DecodedEvent& event) {
  if (json.size() > parts_->mapping.limits.payload_bytes)
    return limit_exceeded("object of " + std::to_string(json.size()) + " bytes, at most " +
                          std::to_string(parts_->mapping.limits.payload_bytes) + " are allowed");
  if (!trimmed(json).starts_with('{')) return invalid_input("not a JSON object");
  char* copy = arena.allocate(json.size() + kReadablePadding);
  std::memcpy(copy, json.data(), json.size());
  std::memset(copy + json.size(), 0, kReadablePadding);
  const PathNode no_paths;
  return parts_->json.read_object({copy, json.size()}, {no_paths, true, {}}, arena, event);
}

Result<void> Decoder::Parts::check_size(const Record& message) const {
  const std::size_t limit = mapping.limits.payload_bytes;
  if (message.payload.empty()) return invalid_input("payload is empty");
  if (message.payload.size() > limit)
    return limit_exceeded("payload of " + std::to_string(message.payload.size()) + " bytes, at most " + std::to_string(limit) +
                          " are allowed");
  if (const auto whole = find_header(message.headers, HeaderTag::truncated_from)) {
    const auto size = ByteReader(*whole).take<std::uint64_t>();
    return limit_exceeded("payload of " + std::to_string(size) + " bytes was cut to " + std::to_string(message.payload.size()) +
                          " when it was received");
  }
  return {};
}

Result<void> Decoder::Parts::fill(const CompiledRule& rule, const TopicParts& parts, const Record& message, Arena& arena,
                                  DecodedEvent& event) {
  Captures captures;
  event.twin = message.topic;
  event.model = rule.model;
  const PayloadFormat format = format_of(rule, message);
  if (format == PayloadFormat::automatic && trimmed(message.payload).starts_with('{')) {
    if (auto ok = json.read_object(message.payload, {rule.paths, rule.every_field, captures}, arena, event); !ok) return ok;
    take_time(rule, captures, message, mapping.limits.time_ahead, event);
    if (rule.event_id) event.event_id = id_text(captures[*rule.event_id].value, arena).value_or("");
    if (event.event_id.size() > kMaxEventId) return limit_exceeded("the event's id is longer than 256 bytes");
  } else if (auto ok = read_value(rule, format, parts, message, arena, event); !ok) {
    return ok;
  }
  if (rule.twin) {
    auto id = render(*rule.twin, parts, captures, arena);
    if (!id) return id.error();
    event.twin = *id;
  }
  for (const std::size_t part : rule.labels) event.labels.push_back({rule.pattern.names()[part], parts[part]});
  return check_twin_id(event.twin);
}

// A payload without fields is one property.
Result<void> Decoder::Parts::read_value(const CompiledRule& rule, PayloadFormat format, const TopicParts& parts,
                                        const Record& message, Arena& arena, DecodedEvent& event) {
  const SplitTopic topic = split(message.topic);
  std::string_view property = topic.property;
  event.twin = topic.twin;
  if (rule.property) {
    auto name = render(*rule.property, parts, {}, arena);
    if (!name) return name.error();
    property = *name;
    event.twin = message.topic;
  }
  if (property.empty() || property.size() > mapping.limits.name_bytes || !is_utf8(property))
    return invalid_input("the property's name, from the topic, has " + std::to_string(property.size()) +
                         " bytes; allowed are 1 to " + std::to_string(mapping.limits.name_bytes) + " in UTF-8");
  const ValueView value = value_of(format, message.payload, arena);
  if (value.has_content() && value.content.size() > mapping.limits.value_bytes)
    return limit_exceeded("a value of " + std::to_string(value.content.size()) + " bytes, at most " +
                          std::to_string(mapping.limits.value_bytes) + " are allowed");
  event.fields.push_back({property, value});
  return {};
}

ValueView Decoder::Parts::value_of(PayloadFormat format, std::string_view payload, Arena& arena) {
  if (format == PayloadFormat::bytes) return ValueView::bytes(payload);
  if (format == PayloadFormat::text) return is_utf8(payload) ? ValueView::text(payload) : ValueView::bytes(payload);
  const std::string_view text = trimmed(payload);
  if (text.starts_with('[') && json.is_array(payload)) return ValueView::json(text);
  if (text.starts_with('"'))
    if (const auto string = json.read_string(payload, arena)) return ValueView::text(*string);
  return read_scalar(payload);
}

}  // namespace doppel

// The names of the enumerations, and the small text forms of identities.
#include <charconv>

#include "twin_store/model/effect.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/result.h"
#include "twin_store/model/value.h"

namespace doppel {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto dot = text.find('.');
  const auto part = text.substr(0, dot);
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  if (error != std::errc{} || end != part.data() + part.size()) return false;
  text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  return true;
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input: return "invalid_input";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::limit_exceeded: return "limit_exceeded";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::corrupt_data: return "corrupt_data";
    case ErrorCode::internal: return "internal";
  }
  return "unknown";
}

std::string_view to_string(ValueKind kind) {
  switch (kind) {
    case ValueKind::null: return "null";
    case ValueKind::boolean: return "boolean";
    case ValueKind::integer: return "integer";
    case ValueKind::number: return "number";
    case ValueKind::text: return "text";
    case ValueKind::bytes: return "bytes";
    case ValueKind::json: return "json";
  }
  return "unknown";
}

std::string_view to_string(EffectKind kind) {
  switch (kind) {
    case EffectKind::set: return "set";
    case EffectKind::remove: return "remove";
    case EffectKind::send: return "send";
    case EffectKind::emit: return "emit";
    case EffectKind::publish: return "publish";
    case EffectKind::alert_raise: return "alert_raise";
    case EffectKind::alert_clear: return "alert_clear";
    case EffectKind::alarm_set: return "alarm_set";
    case EffectKind::alarm_cancel: return "alarm_cancel";
    case EffectKind::enqueue: return "enqueue";
    case EffectKind::http_call: return "http_call";
    case EffectKind::http_reply: return "http_reply";
    case EffectKind::log: return "log";
    case EffectKind::retry: return "retry";
    case EffectKind::fail: return "fail";
  }
  return "unknown";
}

std::string_view to_string(OutboxKind kind) {
  switch (kind) {
    case OutboxKind::publish: return "publish";
    case OutboxKind::http_call: return "http_call";
    case OutboxKind::http_reply: return "http_reply";
    case OutboxKind::replacement: return "replacement";
    case OutboxKind::log: return "log";
  }
  return "unknown";
}

std::string to_hex(const Incarnation& incarnation) {
  std::string hex;
  for (const auto byte : incarnation.bytes) {
    hex += kHexDigits[byte >> 4];
    hex += kHexDigits[byte & 15];
  }
  return hex;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 63 || text[0] == '-' || text[0] == '_') return false;
  for (const char c : text) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed) return false;
  }
  return true;
}

std::string to_string(const OutboxKey& key) {
  return to_hex(key.incarnation) + '.' + std::to_string(to_number(key.epoch)) + '.' + std::to_string(to_number(key.mark)) + '.' +
         std::to_string(key.ordinal);
}

std::optional<OutboxKey> parse_outbox_key(std::string_view text) {
  OutboxKey key;
  constexpr std::size_t kHexLength = 32;
  if (text.size() < kHexLength + 1 || text[kHexLength] != '.' || text.back() == '.') return std::nullopt;
  for (std::size_t i = 0; i < key.incarnation.bytes.size(); ++i) {
    const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key.incarnation.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  text.remove_prefix(kHexLength + 1);
  std::uint32_t epoch = 0;
  std::uint64_t mark = 0;
  if (!take_number(text, epoch) || !take_number(text, mark) || !take_number(text, key.ordinal) || !text.empty()) return std::nullopt;
  key.epoch = Epoch{epoch};
  key.mark = Position{mark};
  return key;
}

}  // namespace doppel

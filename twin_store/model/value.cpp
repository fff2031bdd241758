#include "twin_store/model/value.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <sodium.h>

namespace doppel {
namespace {

// 2^53: beyond it not every integer is a double.
constexpr std::int64_t kExactIntegers = std::int64_t{1} << 53;

// Length of the valid UTF-8 sequence at the front of `text` (RFC 3629), 0 when there is none.
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
  const bool surrogate = lead == 0xed && at(1) > 0x9f;
  const bool too_large = lead == 0xf4 && at(1) > 0x8f;
  return overlong || surrogate || too_large ? 0 : length;
}

void append_number(std::string& out, double v) {
  if (std::isnan(v)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(v)) {
    out += v > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, v);
  out.append(text, end);
}

}  // namespace

ValueView ValueView::boolean(bool v) {
  ValueView view;
  view.kind = ValueKind::boolean;
  view.integer = v ? 1 : 0;
  return view;
}
ValueView ValueView::of(std::int64_t v) {
  ValueView view;
  view.kind = ValueKind::integer;
  view.integer = v;
  return view;
}
ValueView ValueView::of(double v) {
  ValueView view;
  view.kind = ValueKind::number;
  view.number = v;
  return view;
}
ValueView ValueView::text(std::string_view v) {
  ValueView view;
  view.kind = ValueKind::text;
  view.content = v;
  return view;
}
ValueView ValueView::bytes(std::string_view v) {
  ValueView view = text(v);
  view.kind = ValueKind::bytes;
  return view;
}
ValueView ValueView::json(std::string_view v) {
  ValueView view = text(v);
  view.kind = ValueKind::json;
  return view;
}

std::optional<double> ValueView::as_number() const {
  if (kind == ValueKind::number) return number;
  if (kind == ValueKind::integer && integer >= -kExactIntegers && integer <= kExactIntegers) return static_cast<double>(integer);
  return std::nullopt;
}

std::optional<std::int64_t> ValueView::as_integer() const {
  if (kind == ValueKind::integer) return integer;
  constexpr auto kLimit = static_cast<double>(kExactIntegers);
  if (kind != ValueKind::number || !(number >= -kLimit && number <= kLimit)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(number);
  if (static_cast<double>(whole) != number) return std::nullopt;
  return whole;
}

std::optional<bool> ValueView::as_boolean() const {
  if (kind != ValueKind::boolean) return std::nullopt;
  return integer != 0;
}

std::optional<std::string_view> ValueView::as_text() const {
  if (kind != ValueKind::text) return std::nullopt;
  return content;
}

bool operator==(const ValueView& a, const ValueView& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case ValueKind::null: return true;
    case ValueKind::boolean:
    case ValueKind::integer: return a.integer == b.integer;
    case ValueKind::number: return std::bit_cast<std::uint64_t>(a.number) == std::bit_cast<std::uint64_t>(b.number);
    case ValueKind::text:
    case ValueKind::bytes:
    case ValueKind::json: return a.content == b.content;
  }
  return false;
}

ValueView Value::view() const {
  ValueView view = view_;
  view.content = content_;
  return view;
}

namespace {

// JSON as it came, but a number that no double holds becomes text: for one of them many readers refuse the whole document (RFC 7493, 2.2).
void append_source(std::string& out, std::string_view json) {
  bool in_text = false;
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (in_text || (c != '-' && (c < '0' || c > '9'))) {
      if (c == '"') in_text = !in_text;
      const std::size_t length = c == '\\' ? 2 : 1;
      out += json.substr(at, length);
      at += length;
      continue;
    }
    const std::string number(json.substr(at, json.find_first_not_of("+-.0123456789eE", at) - at));
    const std::string_view quote = std::isfinite(std::strtod(number.c_str(), nullptr)) ? "" : "\"";
    out += quote;
    out += number;
    out += quote;
    at += number.size();
  }
}

}  // namespace

void append_json(std::string& out, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: out += "null"; return;
    case ValueKind::boolean: out += value.integer != 0 ? "true" : "false"; return;
    case ValueKind::integer: out += std::to_string(value.integer); return;
    case ValueKind::number: append_number(out, value.number); return;
    case ValueKind::text: append_json_string(out, value.content); return;
    case ValueKind::json: append_source(out, value.content); return;
    case ValueKind::bytes: break;
  }
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  std::string base64(sodium_base64_encoded_len(value.content.size(), kVariant), '\0');
  sodium_bin2base64(base64.data(), base64.size(), reinterpret_cast<const unsigned char*>(value.content.data()), value.content.size(),
                    kVariant);
  base64.pop_back();  // libsodium's terminating zero
  out += "{\"base64\":\"" + base64 + "\"}";
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char c = text[0];
    const std::size_t length = utf8_sequence(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace doppel

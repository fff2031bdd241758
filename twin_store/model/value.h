// A property value or payload field. A Value owns its text; a ValueView borrows it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace doppel {

// The numbers are part of stored formats: append only.
enum class ValueKind : std::uint8_t {
  null = 0,
  boolean = 1,
  integer = 2,  // 64-bit signed
  number = 3,   // IEEE 754 double; NaN and infinities are kept
  text = 4,     // valid UTF-8
  bytes = 5,    // anything else: binary payloads, invalid UTF-8
  json = 6,     // a JSON array, an empty object, or a number too large for integer and number, as its source text
};
inline constexpr std::uint8_t kLastValueKind = 6;
std::string_view to_string(ValueKind kind);

// Trivially copyable. `content` lives as long as what it was taken from says.
struct ValueView {
  ValueKind kind = ValueKind::null;
  union {
    std::int64_t integer = 0;  // boolean: 0 or 1
    double number;
  };
  std::string_view content;  // text, bytes, json

  static ValueView null() { return {}; }
  static ValueView boolean(bool v);
  static ValueView of(std::int64_t v);
  static ValueView of(double v);
  static ValueView text(std::string_view v);
  static ValueView bytes(std::string_view v);
  static ValueView json(std::string_view v);

  bool has_content() const { return kind >= ValueKind::text; }

  // Conversions never lose: an integer converts to a double only when exact, 5.0 converts to 5; otherwise absent.
  std::optional<double> as_number() const;
  std::optional<std::int64_t> as_integer() const;
  std::optional<bool> as_boolean() const;
  std::optional<std::string_view> as_text() const;
};

// Bitwise equality: the same kind and the same bits (NaN equals the same NaN, 0.0 differs from -0.0).
bool operator==(const ValueView& a, const ValueView& b);

class Value {
 public:
  Value() = default;
  explicit Value(const ValueView& view) : view_(view), content_(view.content) {}
  ValueView view() const;
  friend bool operator==(const Value& a, const Value& b) { return a.view() == b.view(); }

 private:
  ValueView view_;
  std::string content_;
};

// JSON text of the value: numbers with the fewest digits that read back the same (RFC 8259); NaN, infinities as the strings
// "NaN", "Infinity", "-Infinity"; bytes as {"base64":"..."}; json as it came, but numbers that no double holds as strings.
void append_json(std::string& out, const ValueView& value);
// Appends `text` as a JSON string with quotes. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace doppel

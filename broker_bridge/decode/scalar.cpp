#include "broker_bridge/decode/scalar.h"

#include <charconv>
#include <limits>

namespace doppel {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits(std::string_view text, std::size_t at) {
  const std::size_t start = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at - start;
}

enum class Grammar { no_number, integer, real };

// RFC 8259, section 6.
Grammar number_grammar(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return Grammar::no_number;
  at += whole;
  if (at == text.size()) return Grammar::integer;
  if (text[at] == '.') {
    const std::size_t fraction = digits(text, ++at);
    if (fraction == 0) return Grammar::no_number;
    at += fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    if (++at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = digits(text, at);
    if (exponent == 0) return Grammar::no_number;
    at += exponent;
  }
  return at == text.size() ? Grammar::real : Grammar::no_number;
}

std::optional<ValueView> not_a_json_number(std::string_view text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN" || text == "nan" || text == "-nan") return ValueView::of(std::numeric_limits<double>::quiet_NaN());
  if (text == "Infinity" || text == "inf") return ValueView::of(kInfinity);
  if (text == "-Infinity" || text == "-inf") return ValueView::of(-kInfinity);
  return std::nullopt;
}

bool is_zero(std::string_view number) {
  return number.substr(0, number.find_first_of("eE")).find_first_of("123456789") == std::string_view::npos;
}

// from_chars gives "out of range" for numbers too large and too small alike; one below the least double is near zero.
bool is_below_range(std::string_view number) {
  const auto exponent = number.find_first_of("eE");
  if (exponent != std::string_view::npos) return number[exponent + 1] == '-';
  return number[number.starts_with('-') ? 1 : 0] == '0';
}

ValueView read_real(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc()) return ValueView::of(value);
  if (is_zero(text) || is_below_range(text)) return ValueView::of(text.starts_with('-') ? -0.0 : 0.0);
  return ValueView::json(text);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<ValueView> read_number(std::string_view text) {
  switch (number_grammar(text)) {
    case Grammar::no_number: return not_a_json_number(text);
    case Grammar::real: return read_real(text);
    case Grammar::integer: break;
  }
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() ? ValueView::of(value) : ValueView::json(text);
}

ValueView read_scalar(std::string_view payload) {
  const std::string_view text = trimmed(payload);
  if (text == "true") return ValueView::boolean(true);
  if (text == "false") return ValueView::boolean(false);
  if (text == "null") return ValueView::null();
  if (const auto number = read_number(text)) return *number;
  return is_utf8(payload) ? ValueView::text(payload) : ValueView::bytes(payload);
}

}  // namespace doppel

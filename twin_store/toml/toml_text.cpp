#include "twin_store/toml/toml_text.h"

#include <algorithm>
#include <string>

#include "twin_store/model/value.h"

namespace doppel {
namespace {

constexpr int kMaxDots = 8;

bool is_forbidden(unsigned char c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f; }

// How many bytes the string at the front has; all of them when it does not end. `text` begins with a quote.
std::size_t string_length(std::string_view text) {
  const char quote = text.front();
  const std::string triple(3, quote);
  const bool is_long = text.starts_with(triple);
  const std::string_view end = is_long ? std::string_view(triple) : text.substr(0, 1);
  for (std::size_t i = end.size(); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text.substr(i).starts_with(end)) {
      i += end.size();
      for (int own = 0; is_long && own < 2 && text.substr(i).starts_with(quote); ++own) ++i;  // the last quotes may be content
      return i;
    } else if (text[i] == '\n' && !is_long) {
      return i;  // not closed on its line: the parser says so
    }
  }
  return text.size();
}

// A string begins a key or a value; the parser looks past a quote inside one without taking it for a string.
bool may_precede_string(char c) { return std::string_view(" \t\r\n=[{,.").find(c) != std::string_view::npos; }

// Between two of these is one key, or one value.
bool is_border(char c) { return std::string_view("\n[{,=").find(c) != std::string_view::npos; }

// "LINE:COLUMN", in characters.
std::string place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = before.substr(before.rfind('\n') + 1);
  const auto column = std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ":" + std::to_string(1 + column);
}

Error refused(std::string_view text, std::size_t at, const std::string& why) { return invalid_input(place_of(text, at) + ": " + why); }

// Where the first line begins that is not UTF-8: no character spans two.
std::size_t first_foreign_line(std::string_view text) {
  for (std::size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    if (!is_utf8(text.substr(begin, end - begin))) return begin;
  }
  return 0;
}

}  // namespace

Result<void> check_toml_text(std::string_view text) {
  if (!is_utf8(text)) return refused(text, first_foreign_line(text), "a line that is not UTF-8 text");
  const auto control = std::find_if(text.begin(), text.end(), is_forbidden);
  if (control != text.end()) return refused(text, static_cast<std::size_t>(control - text.begin()), "a control character");
  int dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_border(c)) dots = 0;
    if (c == '.' && ++dots > kMaxDots) return refused(text, i, "a key of more than 9 parts");
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '"' || c == '\'') {
      if (i > 0 && !may_precede_string(text[i - 1])) return refused(text, i, "a quote inside a key or value");
      i += string_length(text.substr(i)) - 1;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return refused(text, i, "a character beyond ASCII outside of strings and comments");
    }
  }
  return {};
}

}  // namespace doppel

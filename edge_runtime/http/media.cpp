#include "edge_runtime/http/media.h"

#include <algorithm>

#include "edge_runtime/http/message.h"

namespace doppel {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The text up to `separator` outside of quotes; `rest` becomes what follows it.
std::string_view take_part(std::string_view& rest, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (quoted && rest[i] == '\\') {
      ++i;
      continue;
    }
    if (rest[i] == '"') quoted = !quoted;
    if (quoted || rest[i] != separator) continue;
    const auto part = rest.substr(0, i);
    rest.remove_prefix(i + 1);
    return trim(part);
  }
  const auto part = rest;
  rest = {};
  return trim(part);
}

std::string unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    plain.push_back(text[i]);
  }
  return plain;
}

// "q=0", "q=0.0", "q=0.000" refuse; anything else accepts.
bool is_refused(std::string_view range) {
  const auto q = media_parameter(range, "q");
  return q && q->starts_with('0') && q->find_first_not_of("0.") == std::string::npos;
}

// 3: exactly, 2: "text/*", 1: "*/*", 0: not at all.
int specificity(std::string_view range, std::string_view type) {
  if (range == type) return 3;
  if (range == "*/*") return 1;
  const auto slash = type.find('/');
  return range.ends_with("/*") && range.substr(0, range.size() - 1) == type.substr(0, slash + 1) ? 2 : 0;
}

}  // namespace

std::string media_type(std::string_view content_type) {
  std::string type(take_part(content_type, ';'));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return type;
}

std::optional<std::string> media_parameter(std::string_view header, std::string_view name) {
  take_part(header, ';');
  while (!header.empty()) {
    const auto part = take_part(header, ';');
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(trim(part.substr(0, equals)), name)) continue;
    return unquote(trim(part.substr(equals + 1)));
  }
  return std::nullopt;
}

bool accepts(const std::optional<std::string>& accept, std::string_view type) {
  if (!accept || trim(*accept).empty()) return true;
  int best = 0;
  bool accepted = false;
  for (std::string_view rest = *accept; !rest.empty();) {
    const auto range = take_part(rest, ',');
    const int fit = specificity(media_type(range), type);
    if (fit <= best) continue;
    best = fit;
    accepted = !is_refused(range);
  }
  return accepted;
}

bool accepts_gzip(const std::optional<std::string>& accept_encoding) {
  if (!accept_encoding) return false;
  bool any = false;
  for (std::string_view rest = *accept_encoding; !rest.empty();) {
    const auto coding = take_part(rest, ',');
    const auto name = media_type(coding);
    if (name == "gzip") return !is_refused(coding);
    if (name == "*") any = !is_refused(coding);
  }
  return any;
}

}  // namespace doppel

#include "edge_runtime/http/url.h"

#include <algorithm>

namespace doppel {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

// "http://host:80/a" -> "/a"
std::string_view without_authority(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (target.starts_with('/') || scheme_end == std::string_view::npos) return target;
  const auto path = target.find('/', scheme_end + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1)) {
    parts.push_back(text.substr(0, end));
  }
  parts.push_back(text);
  return parts;
}

Result<std::string> decode_form(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

Result<std::vector<NameValue>> parse_query(std::string_view text) {
  std::vector<NameValue> query;
  for (const auto part : split(text, '&')) {
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = decode_form(part.substr(0, equals));
    if (!name) return name.error();
    auto value = decode_form(part.substr(std::min(equals + 1, part.size())));
    if (!value) return value.error();
    query.emplace_back(*std::move(name), *std::move(value));
  }
  return query;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return invalid_input("'%' at byte " + std::to_string(i) + " is not followed by two hex digits");
    if (high == 0 && low == 0) return invalid_input("'%00' at byte " + std::to_string(i) + " is not allowed");
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return encoded;
}

Result<Target> parse_target(std::string_view text) {
  text = without_authority(text);
  text = text.substr(0, text.find('#'));
  const auto question = std::min(text.find('?'), text.size());
  Target target;
  target.path = text.substr(0, question);
  if (!target.path.starts_with('/')) return invalid_input("request target '" + target.path + "' does not begin with '/'");
  for (const auto segment : split(std::string_view(target.path).substr(1), '/')) {
    auto decoded = percent_decode(segment);
    if (!decoded) return decoded.error();
    target.segments.push_back(*std::move(decoded));
  }
  auto query = parse_query(text.substr(std::min(question + 1, text.size())));
  if (!query) return query.error();
  target.query = *std::move(query);
  return target;
}

}  // namespace doppel

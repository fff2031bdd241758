#include "functions/abi/names.h"

#include "twin_store/model/value.h"

namespace doppel {

bool is_printable(std::string_view text, std::size_t limit) {
  if (text.empty() || text.size() > limit) return false;
  bool is_ascii = true;
  for (const unsigned char c : text) {
    if (c < 0x20 || c == 0x7f) return false;
    is_ascii = is_ascii && c < 0x80;
  }
  return is_ascii || is_utf8(text);
}

bool is_topic(std::string_view text) {
  return is_printable(text, kMaxTopicBytes) && text.find_first_of("+#") == std::string_view::npos;
}

bool is_topic_filter(std::string_view text) {
  if (!is_printable(text, kMaxTopicBytes)) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '+' && text[i] != '#') continue;
    const bool level_begins = i == 0 || text[i - 1] == '/';
    const bool level_ends = i + 1 == text.size() || text[i + 1] == '/';
    if (!level_begins || !level_ends) return false;
    if (text[i] == '#' && i + 1 != text.size()) return false;
  }
  return true;
}

bool is_http_url(std::string_view text) {
  if (!is_printable(text, kMaxUrlBytes) || text.find_first_of(" @\\") != std::string_view::npos) return false;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::size_t path = text.find('/', scheme.size());
    return path != std::string_view::npos && path > scheme.size();
  }
  return false;
}

}  // namespace doppel

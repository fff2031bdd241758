#include "broker_bridge/decode/topic_filter.h"

#include <algorithm>

#include <string>

#include "twin_store/model/value.h"

namespace doppel {
namespace {

Result<void> check_text(std::string_view text, const char* what) {
  if (text.empty()) return invalid_input(std::string(what) + " is empty");
  if (text.size() > kMaxTopic)
    return invalid_input(std::string(what) + " has " + std::to_string(text.size()) + " bytes, at most 65535 are allowed");
  if (!is_utf8(text)) return invalid_input(std::string(what) + " is not valid UTF-8");
  if (text.find('\0') != std::string_view::npos) return invalid_input(std::string(what) + " contains a NUL character");
  return {};
}

bool hidden(std::string_view topic) { return topic.starts_with('$'); }
bool begins_with_wildcard(std::string_view filter) { return filter.starts_with('+') || filter.starts_with('#'); }

// The filter "a/#" also matches "a": true when the levels that are left match no level at all.
bool matches_nothing_more(Levels rest) {
  std::string_view level;
  return !rest.next(level) || level == "#";
}

}  // namespace

Result<void> check_topic(std::string_view topic) {
  if (auto ok = check_text(topic, "topic"); !ok) return ok;
  if (topic.find_first_of("+#") != std::string_view::npos)
    return invalid_input("topic \"" + std::string(topic) + "\" contains a wildcard, + or #");
  return {};
}

Result<void> check_topic_filter(std::string_view filter) {
  if (auto ok = check_text(filter, "topic filter"); !ok) return ok;
  const std::string quoted = "topic filter \"" + std::string(filter) + "\"";
  if (filter.starts_with("$share/"))
    return invalid_input(quoted + " is a shared subscription, which would lose the order of a twin's messages");
  Levels levels(filter);
  std::string_view level;
  bool ended = false;
  while (levels.next(level)) {
    if (ended) return invalid_input(quoted + " goes on after #, which is allowed as the last level only");
    ended = level == "#";
    if (level.size() > 1 && level.find_first_of("+#") != std::string_view::npos)
      return invalid_input(quoted + ": a wildcard stands alone in its level, not as in \"" + std::string(level) + "\"");
  }
  return {};
}

bool matches(std::string_view filter, std::string_view topic) {
  if (hidden(topic) && begins_with_wildcard(filter)) return false;
  Levels wanted(filter), given(topic);
  std::string_view want, have;
  while (wanted.next(want)) {
    if (want == "#") return true;
    if (!given.next(have)) return false;
    if (want != "+" && want != have) return false;
    if (Levels rest = given; !rest.next(have)) return matches_nothing_more(wanted);
  }
  return false;
}

bool overlap(std::string_view filter, std::string_view other) {
  if (hidden(filter) && begins_with_wildcard(other)) return false;
  if (hidden(other) && begins_with_wildcard(filter)) return false;
  Levels left(filter), right(other);
  std::string_view a, b;
  for (;;) {
    const bool more_left = left.next(a), more_right = right.next(b);
    if (!more_left) return !more_right || b == "#";
    if (!more_right) return a == "#";
    if (a == "#" || b == "#") return true;
    if (a != "+" && b != "+" && a != b) return false;
  }
}

bool matches_any(const std::vector<std::string>& filters, std::string_view topic) {
  return std::any_of(filters.begin(), filters.end(), [&](const auto& filter) { return matches(filter, topic); });
}

}  // namespace doppel

// MQTT topics and topic filters: validity, matching, overlap (MQTT 5.0, section 4.7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel {

inline constexpr std::size_t kMaxTopic = 65'535;

// A name that may be published to: not empty, UTF-8 without NUL, at most kMaxTopic bytes, no wildcard.
Result<void> check_topic(std::string_view topic);

// '+' stands alone in its level, '#' alone in the last one. Shared subscriptions ("$share/...") are refused: a broker deals
// them out by turns, which loses the order of a twin.
Result<void> check_topic_filter(std::string_view filter);

// Both arguments are valid. Wildcards in the first level match no topic that begins with '$'.
bool matches(std::string_view filter, std::string_view topic);

bool matches_any(const std::vector<std::string>& filters, std::string_view topic);

// True when some topic matches both filters.
bool overlap(std::string_view filter, std::string_view other);

// Takes levels off the front of a topic or filter, one a call: for (Levels l(topic); l.next(level);).
class Levels {
 public:
  explicit Levels(std::string_view text) : rest_(text) {}
  bool next(std::string_view& level) {
    if (done_) return false;
    const auto slash = rest_.find('/');
    level = rest_.substr(0, slash);
    done_ = slash == std::string_view::npos;
    rest_.remove_prefix(done_ ? rest_.size() : slash + 1);
    return true;
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

}  // namespace doppel

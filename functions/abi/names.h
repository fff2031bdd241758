// What names may look like, in manifests and effects alike.
#pragma once

#include <cstddef>
#include <string_view>

namespace doppel {

inline constexpr std::size_t kMaxNameBytes = 256;  // of properties, events, alerts, alarms
inline constexpr std::size_t kMaxTopicBytes = 65'535;
inline constexpr std::size_t kMaxUrlBytes = 2'048;

// 1 to `limit` bytes of UTF-8 without control characters.
bool is_printable(std::string_view text, std::size_t limit);
// A topic that can be published to: printable, no wildcards.
bool is_topic(std::string_view text);
// An MQTT topic filter: '+' fills a level, '#' fills the last.
bool is_topic_filter(std::string_view text);
// http:// or https:// with a host and a '/' after it, so that a prefix cannot be continued into another host's name.
bool is_http_url(std::string_view text);

}  // namespace doppel

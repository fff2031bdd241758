#include "broker_bridge/decode/topic_matcher.h"

#include "twin_store/model/hash.h"

namespace doppel {

const CompiledRule* TopicMatcher::find(std::string_view topic, TopicParts& parts) {
  if (memory_.empty() || topic.size() > kLongestRemembered) return search(topic, parts);
  Remembered& place = memory_[hash64(topic) % kMemory];
  if (place.topic != topic) {
    place.rule = search(topic, parts);
    place.topic = topic;
    const std::size_t named = place.rule ? place.rule->pattern.names().size() : 0;
    for (std::size_t i = 0; i < named; ++i)
      place.parts[i] = {static_cast<std::uint16_t>(parts[i].data() - topic.data()), static_cast<std::uint16_t>(parts[i].size())};
    return place.rule;
  }
  const std::size_t named = place.rule ? place.rule->pattern.names().size() : 0;
  for (std::size_t i = 0; i < named; ++i) parts[i] = topic.substr(place.parts[i].offset, place.parts[i].size);
  return place.rule;
}

const CompiledRule* TopicMatcher::search(std::string_view topic, TopicParts& parts) const {
  for (const auto& rule : mapping_.rules)
    if (rule.pattern.match(topic, parts)) return &rule;
  return mapping_.fallback ? &*mapping_.fallback : nullptr;
}

}  // namespace doppel

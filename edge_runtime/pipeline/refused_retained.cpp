#include "edge_runtime/pipeline/refused_retained.h"

#include <algorithm>

#include "twin_store/model/bytes.h"

namespace doppel {

bool RefusedRetained::contains(std::uint64_t topic_hash, std::uint64_t payload_hash) const {
  return std::any_of(refused_.begin(), refused_.end(), [&](const TopicSeen& seen) { return seen.topic_hash == topic_hash && seen.payload_hash == payload_hash; });
}

void RefusedRetained::remember(std::uint64_t topic_hash, std::uint64_t payload_hash) {
  std::erase_if(refused_, [&](const TopicSeen& seen) { return seen.topic_hash == topic_hash; });
  refused_.push_back({topic_hash, payload_hash});
  if (refused_.size() > most_) refused_.erase(refused_.begin(), refused_.end() - static_cast<std::ptrdiff_t>(most_));
}

std::string RefusedRetained::encode() const {
  std::string out;
  ByteWriter writer(out);
  for (const auto& seen : refused_) {
    writer.put(seen.topic_hash);
    writer.put(seen.payload_hash);
  }
  return out;
}

bool RefusedRetained::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  refused_.clear();
  while (reader.ok() && !reader.at_end()) {
    const auto topic_hash = reader.take<std::uint64_t>();
    refused_.push_back({topic_hash, reader.take<std::uint64_t>()});
  }
  return reader.ok();
}

}  // namespace doppel

// Retained messages that could not be applied. A broker delivers them with every connection; each is a dead letter once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/pipeline/twin.h"

namespace doppel {

// Thread: the lane's.
class RefusedRetained {
 public:
  void set_limit(std::size_t most) { most_ = most; }  // the oldest goes beyond it
  bool contains(std::uint64_t topic_hash, std::uint64_t payload_hash) const;
  void remember(std::uint64_t topic_hash, std::uint64_t payload_hash);
  // Under another configuration they may be applied.
  void clear() { refused_.clear(); }

  std::string encode() const;
  // False when the bytes do not decode.
  bool decode(std::string_view bytes);

 private:
  std::size_t most_ = 0;
  std::vector<TopicSeen> refused_;  // oldest first
};

}  // namespace doppel

// Finds the rule for a topic. Devices speak on the same topics again and again, so answers are remembered.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/decode/compiled_mapping.h"

namespace doppel {

// Thread: one at a time. Borrows the mapping.
class TopicMatcher {
 public:
  explicit TopicMatcher(const CompiledMapping& mapping) : mapping_(mapping), memory_(mapping.rules.empty() ? 0 : kMemory) {}

  // The first rule that matches, with `parts` pointing into `topic`; else the default rule, if any; else nothing.
  const CompiledRule* find(std::string_view topic, TopicParts& parts);

 private:
  static constexpr std::size_t kMemory = 4096;  // topics, each in the one place its hash says; a newer one takes it over
  static constexpr std::size_t kLongestRemembered = 512;

  struct Span {
    std::uint16_t offset = 0, size = 0;
  };
  struct Remembered {
    std::string topic;  // "": free
    const CompiledRule* rule = nullptr;
    std::array<Span, kMaxParts> parts;
  };

  const CompiledRule* search(std::string_view topic, TopicParts& parts) const;

  const CompiledMapping& mapping_;
  std::vector<Remembered> memory_;
};

}  // namespace doppel

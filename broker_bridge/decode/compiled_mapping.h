// A mapping made ready for the hot path: patterns split into levels, templates into pieces, pointers into one tree a rule.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker_bridge/decode/mapping.h"
#include "twin_store/model/result.h"

namespace doppel {

inline constexpr std::size_t kMaxParts = 16;     // named levels of a pattern
inline constexpr std::size_t kMaxCaptures = 16;  // values of a payload that a rule takes for id, time and event id

// Named levels as found in one topic, in the order of the pattern.
using TopicParts = std::array<std::string_view, kMaxParts>;

class TopicPattern {
 public:
  static Result<TopicPattern> parse(std::string_view text);
  bool match(std::string_view topic, TopicParts& parts) const;
  std::optional<std::size_t> part(std::string_view name) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  struct Level {
    enum class Kind { literal, one, rest } kind;
    std::string literal;
    std::optional<std::size_t> part;
  };
  std::vector<Level> levels_;
  std::vector<std::string> names_;
};

// Text with holes: "{area}/{/device/id}".
struct TextTemplate {
  struct Piece {
    enum class Kind { literal, part, capture } kind;
    std::string literal;
    std::size_t index = 0;
  };
  std::vector<Piece> pieces;
};

// The pointers of a rule, as a tree over the payload's keys.
struct PathNode {
  std::string key;
  std::optional<std::size_t> capture;  // the value found here goes into this slot
  std::optional<std::string> field;    // the value found here is a field of this name
  std::vector<PathNode> children;

  const PathNode* find(std::string_view wanted) const {
    for (const auto& child : children)
      if (child.key == wanted) return &child;
    return nullptr;
  }
};

struct CompiledRule {
  TopicPattern pattern;
  std::optional<TextTemplate> twin;      // nothing: the whole topic
  std::optional<TextTemplate> property;  // nothing: the default rule's split of the topic
  std::string model;
  std::vector<std::size_t> labels;       // named levels used by neither template
  PathNode paths;
  bool every_field = true;
  std::size_t times = 0;                 // the captures 0 to times-1, in order of preference
  std::optional<std::size_t> event_id;   // capture
  PayloadFormat format = PayloadFormat::automatic;
};

struct CompiledMapping {
  std::vector<CompiledRule> rules;
  std::optional<CompiledRule> fallback;
  DecodeLimits limits;
};

// Errors: invalid_input with one line for each thing that is wrong.
Result<CompiledMapping> compile(const Mapping& mapping);
// What the default rule does.
CompiledRule default_rule();

}  // namespace doppel

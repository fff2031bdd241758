#include "broker_bridge/sim/text_template.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace doppel {
namespace {

constexpr std::size_t kMaxWidth = 32;

struct Hole {
  std::string_view name;
  std::size_t width = 0;
};

Hole parse(std::string_view inside) {
  const auto colon = inside.find(':');
  if (colon == std::string_view::npos) return {inside, 0};
  const std::string_view digits = inside.substr(colon + 1);
  std::size_t width = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), width);
  return {inside.substr(0, colon), std::min(width, kMaxWidth)};
}

void walk(std::string_view text, const std::function<void(std::string_view)>& literal,
          const std::function<void(const Hole&, std::string_view source)>& hole) {
  while (!text.empty()) {
    const auto open = std::min(text.find('{'), text.size());
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) return literal(text);
    literal(text.substr(0, open));
    hole(parse(text.substr(open + 1, close - open - 1)), text.substr(open, close - open + 1));
    text.remove_prefix(close + 1);
  }
}

}  // namespace

std::string fill_template(std::string_view text, const TemplateWords& words) {
  std::string result;
  walk(text, [&](std::string_view literal) { result += literal; },
       [&](const Hole& hole, std::string_view source) {
         const auto word = std::find_if(words.begin(), words.end(), [&](const auto& each) { return each.first == hole.name; });
         if (word == words.end()) {
           result += source;
           return;
         }
         if (word->second.size() < hole.width) result.append(hole.width - word->second.size(), '0');
         result += word->second;
       });
  return result;
}

std::vector<std::string> template_names(std::string_view text) {
  std::vector<std::string> names;
  walk(text, [](std::string_view) {}, [&](const Hole& hole, std::string_view) { names.emplace_back(hole.name); });
  return names;
}

}  // namespace doppel

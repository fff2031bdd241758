#include "edge_runtime/config/problems.h"

#include <algorithm>
#include <limits>

namespace doppel {

void Problems::note(std::string_view section, std::size_t row, std::string_view key, Place place) {
  places_[{std::string(section), row, std::string(key)}] = std::move(place);
}

void Problems::add(const Place& place, std::string text) {
  std::string line;
  if (!place.flag.empty()) line = place.flag + ": ";
  if (place.line > 0) line = file_ + ":" + std::to_string(place.line) + ": ";
  if (line.empty() && !file_.empty()) line = file_ + ": ";
  lines_.emplace_back(place.line > 0 ? place.line : std::numeric_limits<int>::max(), line + text);
}

void Problems::add_unusable(std::string_view section, std::size_t row, std::string_view key, const Place& place,
                            std::string text) {
  unusable_.insert({std::string(section), row, std::string(key)});
  add(place, std::move(text));
}

bool Problems::is_unusable(std::string_view section, std::size_t row, std::string_view key) const {
  return unusable_.contains({std::string(section), row, std::string(key)});
}

Place Problems::place(std::string_view section, std::size_t row, std::initializer_list<std::string_view> keys) const {
  for (const std::string_view key : keys) {
    const auto found = places_.find({std::string(section), row, std::string(key)});
    if (found != places_.end()) return found->second;
  }
  const auto found = places_.find({std::string(section), row, ""});
  return found != places_.end() ? found->second : Place{};
}

void Problems::add(std::string_view section, std::size_t row, std::initializer_list<std::string_view> keys,
                   std::string text) {
  for (const std::string_view key : keys) {
    if (is_unusable(section, row, key)) return;
  }
  const std::string prefix = section.empty() ? "" : std::string(section) + ".";
  add(place(section, row, keys), prefix + std::string(*keys.begin()) + ": " + text);
}

Error Problems::error() const {
  auto sorted = lines_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string message;
  for (const auto& [line, text] : sorted) message += (message.empty() ? "" : "\n") + text;
  return invalid_input(std::move(message));
}

}  // namespace doppel

#include "functions/abi/quantity.h"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace doppel {

std::optional<std::uint64_t> parse_quantity(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{}) return std::nullopt;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.ends_with('B')) unit.remove_suffix(1);

  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kUnits{{{"", 1},
                                                                              {"K", 1'000},
                                                                              {"M", 1'000'000},
                                                                              {"G", 1'000'000'000},
                                                                              {"Ki", 1ull << 10},
                                                                              {"Mi", 1ull << 20},
                                                                              {"Gi", 1ull << 30}}};
  for (const auto& [name, factor] : kUnits) {
    if (unit != name) continue;
    if (count > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return count * factor;
  }
  return std::nullopt;
}

}  // namespace doppel

#include "twin_store/model/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace doppel {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Those that are written come before other spellings of the same.
constexpr std::array<Unit, 8> kDurationUnits{{{"d", 86'400'000'000'000},
                                              {"h", 3'600'000'000'000},
                                              {"min", 60'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"s", 1'000'000'000},
                                              {"ms", 1'000'000},
                                              {"us", 1'000},
                                              {"ns", 1}}};
constexpr std::array<Unit, 7> kSizeUnits{{{"GiB", 1u << 30},
                                          {"GB", 1'000'000'000},
                                          {"MiB", 1u << 20},
                                          {"MB", 1'000'000},
                                          {"KiB", 1u << 10},
                                          {"KB", 1'000},
                                          {"B", 1}}};
constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// In integers, so that "0.1 s" is exactly 100 ms; what does not come out whole ("0.5 ns") is refused.
std::optional<std::uint64_t> scaled(std::string_view number, std::uint64_t factor) {
  constexpr std::size_t kMostDecimals = 9;
  const auto dot = number.find('.');
  const auto whole = digits(number.substr(0, dot));
  if (!whole || *whole > kMost / factor) return std::nullopt;
  if (dot == std::string_view::npos) return *whole * factor;
  const std::string_view decimals = number.substr(dot + 1);
  const auto fraction = digits(decimals);
  if (!fraction || decimals.size() > kMostDecimals) return std::nullopt;
  std::uint64_t divisor = 1;
  for (std::size_t i = 0; i < decimals.size(); ++i) divisor *= 10;
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{*fraction} * factor;
  const Wide value = Wide{*whole * factor} + product / divisor;
  if (product % divisor != 0 || value > kMost) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units) {
  const auto number_end = text.find_first_not_of("0123456789.");
  if (number_end == std::string_view::npos) return std::nullopt;
  std::string_view unit = text.substr(number_end);
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  for (const Unit& known : units) {
    if (known.name == unit) return scaled(text.substr(0, number_end), known.factor);
  }
  return std::nullopt;
}

std::string format(std::uint64_t value, std::span<const Unit> units, std::string_view zero_unit) {
  if (value == 0) return "0 " + std::string(zero_unit);
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return std::to_string(value / unit.factor) + " " + std::string(unit.name);
  }
  return {};
}

}  // namespace

std::optional<Duration> duration_from(std::string_view text) {
  const auto value = parse(text, kDurationUnits);
  if (!value) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*value));
}

std::string format_duration(Duration duration) {
  return format(static_cast<std::uint64_t>(duration.count()), kDurationUnits, "s");
}

std::optional<std::uint64_t> size_from(std::string_view text) { return parse(text, kSizeUnits); }

std::string format_size(std::uint64_t bytes) { return format(bytes, kSizeUnits, "B"); }

}  // namespace doppel

#include "edge_runtime/config/setting_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "edge_runtime/config/suggest.h"
#include "edge_runtime/config/text_rules.h"
#include "twin_store/model/units.h"

namespace doppel {
namespace {

Result<SettingValue> parse_choice(const Setting& setting, std::string_view text) {
  const auto found = std::find(setting.choices.begin(), setting.choices.end(), text);
  if (found != setting.choices.end()) return SettingValue(static_cast<std::uint64_t>(found - setting.choices.begin()));
  const std::vector<std::string> known(setting.choices.begin(), setting.choices.end());
  return invalid_input("not a choice" + allowed_clause(setting) + did_you_mean(text, known));
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Result<SettingValue> parse_unchecked(const Setting& setting, std::string_view text) {
  switch (setting.kind) {
    case SettingKind::boolean:
      if (text == "true" || text == "false") return SettingValue(text == "true");
      return invalid_input("not true or false");
    case SettingKind::integer: {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return invalid_input("not a whole number" + allowed_clause(setting));
      }
      return SettingValue(number);
    }
    case SettingKind::duration:
      if (const auto duration = duration_from(text)) return SettingValue(*duration);
      return invalid_input("not a duration such as \"100 ms\"" + allowed_clause(setting));
    case SettingKind::size:
      if (const auto size = size_from(text)) return SettingValue(*size);
      return invalid_input("not a size such as \"16 MiB\"" + allowed_clause(setting));
    case SettingKind::choice: return parse_choice(setting, text);
    case SettingKind::text: return SettingValue(std::string(text));
    case SettingKind::texts: return SettingValue(split(text));
    case SettingKind::text_map:
    case SettingKind::coordinates: return invalid_input("can be given in a file only");
  }
  return internal_error("a setting of no kind");
}

std::optional<std::string> outside(const Setting& setting, std::uint64_t number) {
  if (number >= setting.least && number <= setting.most) return std::nullopt;
  return "out of range" + allowed_clause(setting);
}

std::optional<std::string> text_breach(const Setting& setting, const std::string& text) {
  auto breach = breach_of(setting.rule, text);
  if (breach) *breach += allowed_clause(setting);
  return breach;
}

}  // namespace

std::string allowed_clause(const Setting& setting) {
  const std::string allowed = allowed_values(setting);
  return allowed.empty() ? "" : "; allowed: " + allowed;
}

std::optional<std::string> breach_of(const Setting& setting, const SettingValue& value) {
  switch (setting.kind) {
    case SettingKind::integer:
    case SettingKind::size: return outside(setting, std::get<std::uint64_t>(value));
    case SettingKind::duration: return outside(setting, static_cast<std::uint64_t>(std::get<Duration>(value).count()));
    case SettingKind::text: return text_breach(setting, std::get<std::string>(value));
    case SettingKind::texts:
      for (const std::string& text : std::get<std::vector<std::string>>(value)) {
        if (auto breach = text_breach(setting, text)) return breach;
      }
      return std::nullopt;
    case SettingKind::coordinates: {
      const auto& point = std::get<std::array<double, 2>>(value);
      if (std::abs(point[0]) <= 180 && std::abs(point[1]) <= 90) return std::nullopt;
      return "out of range" + allowed_clause(setting);
    }
    case SettingKind::boolean:
    case SettingKind::choice:
    case SettingKind::text_map: return std::nullopt;
  }
  return std::nullopt;
}

Result<SettingValue> parse_setting(const Setting& setting, std::string_view text) {
  auto value = parse_unchecked(setting, text);
  if (!value) return value;
  if (auto breach = breach_of(setting, *value)) return invalid_input(std::move(*breach));
  return value;
}

}  // namespace doppel

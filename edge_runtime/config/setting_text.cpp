// Settings in words and as TOML.
#include <cmath>

#include "edge_runtime/config/setting_table.h"
#include "edge_runtime/config/text_rules.h"
#include "twin_store/model/units.h"
#include "twin_store/model/value.h"

namespace doppel {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);  // a TOML basic string has the same escapes, and one more
  for (std::size_t at = 0; (at = out.find('\x7f', at)) != std::string::npos;) out.replace(at, 1, "\\u007F");
  return out;
}

std::string list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + quoted(text);
  return out + "]";
}

std::string table(const TextMap& entries) {
  std::string out = "{";
  for (const auto& [name, text] : entries) out += (out.size() > 1 ? ", " : " ") + quoted(name) + " = " + quoted(text);
  return out + (entries.empty() ? "}" : " }");
}

std::string decimal(double number) {
  std::string out;
  append_json(out, ValueView::of(number));
  if (out.find_first_of(".eE") == std::string::npos) out += ".0";
  return out;
}

std::string object(const TextMap& entries) {
  std::string out = "{";
  for (const auto& [name, text] : entries) out += (out.size() > 1 ? "," : "") + quoted(name) + ":" + quoted(text);
  return out + "}";
}

}  // namespace

std::string allowed_values(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean: return "true | false";
    case SettingKind::integer: return std::to_string(setting.least) + " to " + std::to_string(setting.most);
    case SettingKind::size: return format_size(setting.least) + " to " + format_size(setting.most);
    case SettingKind::duration:
      return format_duration(Duration(static_cast<std::int64_t>(setting.least))) + " to " +
             format_duration(Duration(static_cast<std::int64_t>(setting.most)));
    case SettingKind::choice: {
      std::string out;
      for (const std::string_view choice : setting.choices) out += (out.empty() ? "" : " | ") + std::string(choice);
      return out;
    }
    case SettingKind::coordinates: return "[-180 to 180, -90 to 90]";
    case SettingKind::text:
    case SettingKind::texts: return std::string(rule_text(setting.rule));
    case SettingKind::text_map: return "";
  }
  return {};
}

std::string toml_text(const Setting& setting, const SettingValue& value) {
  switch (setting.kind) {
    case SettingKind::boolean: return std::get<bool>(value) ? "true" : "false";
    case SettingKind::integer: return std::to_string(std::get<std::uint64_t>(value));
    case SettingKind::size: return quoted(format_size(std::get<std::uint64_t>(value)));
    case SettingKind::duration: return quoted(format_duration(std::get<Duration>(value)));
    case SettingKind::choice: return quoted(setting.choices.at(std::get<std::uint64_t>(value)));
    case SettingKind::text: return quoted(std::get<std::string>(value));
    case SettingKind::texts: return list(std::get<std::vector<std::string>>(value));
    case SettingKind::text_map: return table(std::get<TextMap>(value));
    case SettingKind::coordinates: {
      const auto* point = std::get_if<std::array<double, 2>>(&value);
      return point ? "[" + decimal((*point)[0]) + ", " + decimal((*point)[1]) + "]" : "";
    }
  }
  return {};
}

bool is_unset(const SettingValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  const auto* entries = std::get_if<TextMap>(&value);
  return std::holds_alternative<std::monostate>(value) || (text && text->empty()) || (entries && entries->empty());
}

// But for a table, what TOML writes is JSON.
std::string json_text(const Setting& setting, const SettingValue& value) {
  if (is_unset(value)) return "null";
  const auto* entries = std::get_if<TextMap>(&value);
  return entries ? object(*entries) : toml_text(setting, value);
}

}  // namespace doppel

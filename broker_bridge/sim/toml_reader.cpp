#include "broker_bridge/sim/toml_reader.h"

#include <charconv>

#include "twin_store/model/units.h"

namespace doppel {
namespace {

std::string line_of(const TomlNode& node) { return "line " + std::to_string(node.line); }

std::string plain(double number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::string allowed(TomlReader::Range range) { return ", allowed are " + plain(range.least) + " to " + plain(range.most); }

}  // namespace

const TomlNode* TomlReader::find(std::string_view key) {
  asked_.emplace(key);
  return table_.get(key);
}

void TomlReader::report(const std::string& problem) { problems_.push_back(line_of(table_) + ": " + place_ + ": " + problem); }

void TomlReader::report(std::string_view key, const std::string& problem) {
  const TomlNode* node = table_.get(key);
  if (!node) return report(std::string(key) + ": " + problem);
  problems_.push_back(line_of(*node) + ": " + place_ + ": " + std::string(key) + " = " + shown(*node) + ": " + problem);
}

void TomlReader::report_unknown_keys() {
  for (const auto& [key, node] : *table_.as<TomlNode::Table>())
    if (!asked_.contains(key)) report(key, "there is no such key here");
}

std::optional<double> TomlReader::number(std::string_view key, Range range) {
  const TomlNode* node = find(key);
  if (!node) return std::nullopt;
  const auto scalar = scalar_of(*node);
  const auto value = scalar ? scalar->view().as_number() : std::nullopt;
  if (value && *value >= range.least && *value <= range.most) return value;
  report(key, (value ? "out of range" : "not a number") + allowed(range));
  return std::nullopt;
}

std::optional<std::int64_t> TomlReader::integer(std::string_view key, Range range) {
  const TomlNode* node = find(key);
  if (!node) return std::nullopt;
  const auto* value = node->as<std::int64_t>();
  if (value && static_cast<double>(*value) >= range.least && static_cast<double>(*value) <= range.most) return *value;
  report(key, (value ? "out of range" : "not a whole number") + allowed(range));
  return std::nullopt;
}

std::optional<bool> TomlReader::boolean(std::string_view key) {
  const TomlNode* node = find(key);
  if (!node) return std::nullopt;
  if (const auto* value = node->as<bool>()) return *value;
  report(key, "not true or false");
  return std::nullopt;
}

std::optional<std::string> TomlReader::text(std::string_view key) {
  const TomlNode* node = find(key);
  if (!node) return std::nullopt;
  if (const auto* value = node->as<std::string>()) return *value;
  report(key, "not text in quotes");
  return std::nullopt;
}

std::optional<Duration> TomlReader::duration(std::string_view key) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto duration = duration_from(*value);
  if (duration && *duration > Duration::zero()) return duration;
  report(key, "not a duration such as \"500 ms\", \"30 s\", \"5 min\", \"2 h\" or \"1 d\"");
  return std::nullopt;
}

std::optional<Value> TomlReader::scalar(std::string_view key) {
  const TomlNode* node = find(key);
  if (!node) return std::nullopt;
  if (auto value = scalar_of(*node)) return value;
  report(key, "not a text, number, true or false");
  return std::nullopt;
}

std::vector<Value> TomlReader::scalars(std::string_view key) {
  const TomlNode* node = find(key);
  if (!node) return {};
  std::vector<Value> values;
  const auto* array = node->as<TomlNode::Array>();
  if (array)
    for (const auto& item : *array)
      if (auto value = scalar_of(item)) values.push_back(std::move(*value));
  if (array && values.size() == array->size() && !values.empty()) return values;
  report(key, "not a list of texts, numbers or truth values with at least one of them");
  return {};
}

std::vector<std::string> TomlReader::texts(std::string_view key) {
  std::vector<std::string> result;
  for (const auto& value : scalars(key)) {
    const auto text = value.view().as_text();
    if (!text) {
      report(key, "not a list of texts");
      return {};
    }
    result.emplace_back(*text);
  }
  return result;
}

const TomlNode* TomlReader::table(std::string_view key) {
  const TomlNode* node = find(key);
  if (!node || node->as<TomlNode::Table>()) return node;
  report(key, "not a table");
  return nullptr;
}

std::vector<const TomlNode*> TomlReader::tables(std::string_view key) {
  std::vector<const TomlNode*> result;
  const TomlNode* node = find(key);
  if (!node) return result;
  if (const auto* array = node->as<TomlNode::Array>())
    for (const auto& item : *array)
      if (item.as<TomlNode::Table>()) result.push_back(&item);
  if (result.empty()) report(key, "not a list of tables, [[" + std::string(key) + "]]");
  return result;
}

std::optional<std::size_t> TomlReader::choice(std::string_view key, const std::vector<std::string_view>& choices) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  std::string known;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (*value == choices[i]) return i;
    known += (i == 0 ? "" : ", ") + std::string(choices[i]);
  }
  report(key, "allowed are " + known);
  return std::nullopt;
}

}  // namespace doppel

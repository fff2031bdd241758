#include "broker_bridge/sim/toml_tree.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

namespace doppel {
namespace {

TomlNode convert(const toml::node& node);

TomlNode::Array convert(const toml::array& array) {
  TomlNode::Array result;
  for (const auto& item : array) result.push_back(convert(item));
  return result;
}

TomlNode::Table convert(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> members;
  for (const auto& [key, node] : table) members.emplace_back(key.str(), &node);
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.second->source().begin < b.second->source().begin; });
  TomlNode::Table result;
  for (const auto& [key, node] : members) result.emplace_back(key, convert(*node));
  return result;
}

TomlNode convert(const toml::node& node) {
  TomlNode result;
  result.line = node.source().begin.line;
  std::ostringstream source;
  node.visit([&](const auto& typed) { source << typed; });
  result.source = source.str();
  if (const auto* table = node.as_table()) result.content = convert(*table);
  if (const auto* array = node.as_array()) result.content = convert(*array);
  if (const auto* text = node.as_string()) result.content = text->get();
  if (const auto* integer = node.as_integer()) result.content = integer->get();
  if (const auto* number = node.as_floating_point()) result.content = number->get();
  if (const auto* truth = node.as_boolean()) result.content = truth->get();
  return result;
}

}  // namespace

Result<TomlNode> parse_toml(std::string_view text) {
  try {
    return convert(static_cast<const toml::node&>(toml::parse(text)));
  } catch (const toml::parse_error& error) {
    return invalid_input("line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
}

}  // namespace doppel

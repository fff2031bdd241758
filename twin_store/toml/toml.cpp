#include "twin_store/toml/toml.h"

// toml++ 3.3 asserts on keys that it refuses properly a few lines later: no text may end the process.
#define TOML_ASSERT(expression) static_assert(true)
// Bounds the depth of a tree, so that what walks one does not run out of stack.
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

#include <algorithm>

#include "twin_store/toml/toml_text.h"

namespace doppel {
namespace {

TomlNode convert(const toml::node& node);

TomlNode::Array convert(const toml::array& array) {
  TomlNode::Array result;
  for (const auto& item : array) result.push_back(convert(item));
  return result;
}

TomlNode::Table convert(const toml::table& table) {
  std::vector<std::pair<std::string_view, const toml::node*>> members;
  for (const auto& [key, node] : table) members.emplace_back(key.str(), &node);
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.second->source().begin < b.second->source().begin; });
  TomlNode::Table result;
  for (const auto& [key, node] : members) result.push_back({std::string(key), convert(*node)});
  return result;
}

TomlNode convert(const toml::node& node) {
  TomlNode result{node.source().begin.line, TomlNode::Date()};
  if (const auto* table = node.as_table()) result.content = convert(*table);
  if (const auto* array = node.as_array()) result.content = convert(*array);
  if (const auto* text = node.as_string()) result.content = text->get();
  if (const auto* integer = node.as_integer()) result.content = integer->get();
  if (const auto* number = node.as_floating_point()) result.content = number->get();
  if (const auto* truth = node.as_boolean()) result.content = truth->get();
  return result;
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

// From "Error while parsing table header: expected ']', saw '\n'".
std::string in_our_words(std::string_view description) {
  std::string text(description);
  replace(text, "Error while parsing ", "this is not TOML: in the ");
  if (const auto end = text.find(": ", text.find(": ") + 1); end != std::string::npos) text.replace(end, 2, ", ");
  replace(text, "saw '\\n'", "found the end of the line");
  replace(text, "encountered end-of-file", "found the end of the file");
  replace(text, "saw ", "found ");
  replace(text, "cannot redefine existing", "given twice: there is already the");
  return text;
}

}  // namespace

const TomlNode* TomlNode::get(std::string_view key) const {
  const auto* table = as<Table>();
  if (!table) return nullptr;
  const auto found = std::find_if(table->begin(), table->end(), [&](const auto& member) { return member.key == key; });
  return found == table->end() ? nullptr : &found->node;
}

Result<TomlNode> parse_toml(std::string_view text) {
  if (auto sound = check_toml_text(text); !sound) return sound.error();
  try {
    return convert(static_cast<const toml::node&>(toml::parse(text)));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return invalid_input(std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + in_our_words(error.description()));
  }
}

std::optional<Value> scalar_of(const TomlNode& node) {
  if (const auto* text = node.as<std::string>()) return Value(ValueView::text(*text));
  if (const auto* truth = node.as<bool>()) return Value(ValueView::boolean(*truth));
  if (const auto* integer = node.as<std::int64_t>()) return Value(ValueView::of(*integer));
  if (const auto* number = node.as<double>()) return Value(ValueView::of(*number));
  return std::nullopt;
}

std::string shown(const TomlNode& node) {
  std::string out;
  if (const auto scalar = scalar_of(node)) {
    append_json(out, scalar->view());
  } else if (const auto* array = node.as<TomlNode::Array>()) {
    for (const auto& item : *array) out += (out.empty() ? "" : ", ") + shown(item);
    out = "[" + out + "]";
  } else if (const auto* table = node.as<TomlNode::Table>()) {
    for (const auto& [key, item] : *table) out += (out.empty() ? "" : ", ") + key + " = " + shown(item);
    out = "{" + out + "}";
  } else {
    out = "a date or time";
  }
  return out;
}

}  // namespace doppel

// A TOML document as a plain tree that knows its lines, keys in the order of the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel {

struct TomlNode {
  using Array = std::vector<TomlNode>;
  using Table = std::vector<std::pair<std::string, TomlNode>>;

  std::uint32_t line = 0;
  std::string source;  // of a value, for messages
  std::variant<std::monostate, std::string, std::int64_t, double, bool, Array, Table> content;  // monostate: a date or time

  const TomlNode* get(std::string_view key) const {
    if (const auto* table = std::get_if<Table>(&content))
      for (const auto& [name, node] : *table)
        if (name == key) return &node;
    return nullptr;
  }
};

// Errors: invalid_input, with the line.
Result<TomlNode> parse_toml(std::string_view text);

}  // namespace doppel

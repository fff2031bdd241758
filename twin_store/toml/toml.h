// A TOML document as a plain tree that knows its lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "twin_store/model/result.h"
#include "twin_store/model/value.h"

namespace doppel {

struct TomlNode {
  struct Member;
  using Array = std::vector<TomlNode>;
  using Table = std::vector<Member>;  // in the order of the file
  struct Date {};                     // a date or time: nothing uses one

  std::uint32_t line = 0;
  std::variant<Table, Array, std::string, std::int64_t, double, bool, Date> content;

  // The content where it is a T, otherwise none.
  template <class T>
  const T* as() const { return std::get_if<T>(&content); }

  // The member of a table with this key; none of what is no table.
  const TomlNode* get(std::string_view key) const;
};

struct TomlNode::Member {
  std::string key;
  TomlNode node;
};

// A table at its root. Errors: invalid_input, "LINE:COLUMN: what is wrong".
Result<TomlNode> parse_toml(std::string_view text);

// A text, number or truth value; none of what is none of these.
std::optional<Value> scalar_of(const TomlNode& node);

// In one line, for messages: ["a", 1.5, {b = true}].
std::string shown(const TomlNode& node);

}  // namespace doppel

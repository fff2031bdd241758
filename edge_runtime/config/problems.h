// Everything that is wrong with a configuration, with the place where it is said.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "edge_runtime/config/setting_table.h"
#include "twin_store/model/result.h"

namespace doppel {

// A line of the file, or a flag; neither for what stands nowhere (a default, something missing).
struct Place {
  int line = 0;
  std::string flag;
};

class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  // Remembers where a setting was given; an empty key stands for the row as a whole.
  void note(std::string_view section, std::size_t row, std::string_view key, Place place);

  void add(const Place& place, std::string text);
  // A value that could not be used. What other checks find at this setting follows from that, and is not said.
  void add_unusable(std::string_view section, std::size_t row, std::string_view key, const Place& place, std::string text);
  bool is_unusable(std::string_view section, std::size_t row, std::string_view key) const;
  // Where the first setting of `keys` that was given stands, else where the row does.
  Place place(std::string_view section, std::size_t row, std::initializer_list<std::string_view> keys) const;
  // At that place. Begins with the path of keys[0].
  void add(std::string_view section, std::size_t row, std::initializer_list<std::string_view> keys, std::string text);

  bool empty() const { return lines_.empty(); }
  // One line a problem, in the order of the file, then flags.
  Error error() const;

 private:
  std::string file_;
  using Key = std::tuple<std::string, std::size_t, std::string>;
  std::map<Key, Place> places_;
  std::set<Key> unusable_;
  std::vector<std::pair<int, std::string>> lines_;  // line to sort by, text
};

}  // namespace doppel

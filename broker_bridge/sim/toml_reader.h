// Reads a TOML table key by key and collects what is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "twin_store/model/time.h"
#include "twin_store/model/value.h"
#include "twin_store/toml/toml.h"

namespace doppel {

using Problems = std::vector<std::string>;

class TomlReader {
 public:
  // `place` names the table in messages: "devices 2 (pump)".
  TomlReader(const TomlNode& table, std::string place, Problems& problems)
      : table_(table), place_(std::move(place)), problems_(problems) {}

  struct Range {
    double least, most;
  };
  bool has(std::string_view key) const { return table_.get(key) != nullptr; }
  std::optional<double> number(std::string_view key, Range range);
  std::optional<std::int64_t> integer(std::string_view key, Range range);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::optional<Duration> duration(std::string_view key);  // above zero
  std::optional<Value> scalar(std::string_view key);
  std::vector<Value> scalars(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  const TomlNode* table(std::string_view key);
  std::vector<const TomlNode*> tables(std::string_view key);
  std::optional<std::size_t> choice(std::string_view key, const std::vector<std::string_view>& choices);

  void report(std::string_view key, const std::string& problem);  // of a key, with its line
  void report(const std::string& problem);                        // of the table
  void report_unknown_keys();                                     // after all have been asked for

 private:
  const TomlNode* find(std::string_view key);

  const TomlNode& table_;
  std::string place_;
  Problems& problems_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace doppel

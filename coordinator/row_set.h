// The rows of one fold table that changed since the last commit, each once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/store/store.h"

namespace doppel {

class RowSet {
 public:
  explicit RowSet(std::string_view table) : table_(table) {}

  void put(std::string key, std::string value) { set(std::move(key), std::move(value)); }
  void erase(std::string key) { set(std::move(key), std::nullopt); }

  void take(std::vector<RowChange>& changes) {
    for (auto& [key, value] : rows_) changes.push_back({table_, key, std::move(value)});
    rows_.clear();
    bytes_ = 0;
  }
  std::size_t bytes() const { return bytes_; }

 private:
  static std::size_t size_of(const std::optional<std::string>& value) { return value ? value->size() : 0; }

  void set(std::string key, std::optional<std::string> value) {
    const auto [at, added] = rows_.try_emplace(std::move(key));
    bytes_ += (added ? at->first.size() : 0) + size_of(value) - size_of(at->second);
    at->second = std::move(value);
  }

  std::string_view table_;
  std::map<std::string, std::optional<std::string>> rows_;
  std::size_t bytes_ = 0;
};

}  // namespace doppel

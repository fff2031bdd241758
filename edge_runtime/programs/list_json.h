// The lists of the API: {"items":[...],"next":cursor|null}.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "twin_store/model/result.h"
#include "twin_store/model/value.h"

namespace doppel {

class ListJson {
 public:
  explicit ListJson(std::size_t limit) : limit_(limit) {}

  bool is_full() const { return count_ == limit_; }
  // Where the next item's text is to be appended. `cursor` names the item for a page that follows it.
  std::string& item(std::string_view cursor) {
    if (count_++ != 0) json_ += ',';
    cursor_ = cursor;
    return json_;
  }
  std::string close(bool has_more) {
    json_ += "],\"next\":";
    if (has_more) {
      append_json_string(json_, cursor_);
    } else {
      json_ += "null";
    }
    return std::move(json_) + '}';
  }

 private:
  const std::size_t limit_;
  std::size_t count_ = 0;
  std::string json_ = "{\"items\":[", cursor_;
};

// Of lists whose cursors are numbers. Errors: invalid_input.
inline Result<std::uint64_t> parse_cursor(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return invalid_input("after = " + std::string(text) + " is no cursor of this list");
  return number;
}

}  // namespace doppel

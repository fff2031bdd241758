// The lists of the API: {"items":[...],"next":cursor|null}.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "edge_runtime/http/api.h"
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
  std::size_t limit_;
  std::size_t count_ = 0;
  std::string json_ = "{\"items\":[", cursor_;
};

// A page of a list whose items have growing numbers from 1, which are its cursors.
class NumberedList {
 public:
  // Errors: invalid_input (a cursor that is no number).
  static Result<NumberedList> open(const Page& page) {
    std::uint64_t after = 0;
    const char* const end = page.after.data() + page.after.size();
    const auto [parsed, error] = std::from_chars(page.after.data(), end, after);
    if (!page.after.empty() && (error != std::errc{} || parsed != end)) {
      return invalid_input("after = " + page.after + " is no cursor of this list");
    }
    return NumberedList(page.limit, after);
  }

  // Where the text of the item is to be appended; null when it is not on this page.
  std::string* item(std::uint64_t number) {
    if (number <= after_) return nullptr;
    if (list_.is_full()) {
      has_more_ = true;
      return nullptr;
    }
    return &list_.item(std::to_string(number));
  }
  std::string close() { return list_.close(has_more_); }

 private:
  NumberedList(std::size_t limit, std::uint64_t after) : after_(after), list_(limit) {}

  std::uint64_t after_;
  bool has_more_ = false;
  ListJson list_;
};

}  // namespace doppel

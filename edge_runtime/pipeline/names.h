// Interned names of properties, labels and models: a number for each, the same for as long as the process lives. Numbers never
// reach a stored byte, since their order depends on what was read first.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doppel {

enum class Name : std::uint32_t {};

// Thread: the lane's.
class NameTable {
 public:
  explicit NameTable(std::size_t limit) : limit_(limit) { grow(); }

  void set_limit(std::size_t limit) { limit_ = limit; }  // names there are stay

  // Nothing when the table is full: what would carry the name is refused by it.
  std::optional<Name> intern(std::string_view text);
  std::optional<Name> find(std::string_view text) const;
  std::string_view text(Name name) const { return texts_[static_cast<std::uint32_t>(name)]; }
  std::size_t size() const { return texts_.size(); }
  std::size_t limit() const { return limit_; }

 private:
  static constexpr std::uint32_t kEmpty = UINT32_MAX;
  std::size_t slot_of(std::string_view text) const;
  void grow();

  std::size_t limit_;
  std::deque<std::string> texts_;
  std::vector<std::uint32_t> slots_;  // open addressing, at most half full
};

}  // namespace doppel

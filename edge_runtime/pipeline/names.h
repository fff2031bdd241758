// Interned names of properties, labels and models: a number for each, the same for as long as the process lives. Numbers never
// reach an output, since their order depends on what was read first. The texts are fold state: which name is one too many must
// not depend on when the process started.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

enum class Name : std::uint32_t {};

// Thread: the lane's.
class NameTable {
 public:
  static constexpr std::string_view kTable = "name";

  explicit NameTable(std::size_t limit) : limit_(limit) { grow(); }

  void set_limit(std::size_t limit) { limit_ = limit; }  // names there are stay

  Result<void> load(const StoreReader& store);  // all of them, whatever the limit
  void take_changes(std::vector<RowChange>& changes);

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
  Name add(std::string_view text, std::size_t slot);

  std::size_t limit_;
  std::size_t stored_ = 0;  // texts before this one are in the store
  std::deque<std::string> texts_;
  std::vector<std::uint32_t> slots_;  // open addressing, at most half full
};

}  // namespace doppel

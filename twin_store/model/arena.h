// Memory for the views of one batch: allocate many, free all at once. Keeps its largest block for the next batch.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace doppel {

class Arena {
 public:
  // Uninitialized bytes, valid until reset().
  char* allocate(std::size_t size) {
    if (size > left_) grow(size);
    char* at = next_;
    next_ += size;
    left_ -= size;
    return at;
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  void reset() {
    if (blocks_.empty()) return;
    blocks_.erase(blocks_.begin(), blocks_.end() - 1);
    next_ = blocks_.back().bytes.get();
    left_ = blocks_.back().size;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };
  static constexpr std::size_t kFirstBlock = 16 * 1024;

  void grow(std::size_t size) {
    const std::size_t wanted = blocks_.empty() ? kFirstBlock : blocks_.back().size * 2;
    const std::size_t block = wanted > size ? wanted : size;
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(block), block});
    next_ = blocks_.back().bytes.get();
    left_ = block;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace doppel

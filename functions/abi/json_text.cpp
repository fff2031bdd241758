#include "functions/abi/json_text.h"

#include "twin_store/model/value.h"

namespace doppel {
namespace {

class Checker {
 public:
  explicit Checker(std::string_view text) : left_(text) {}

  bool document() {
    if (!value(0)) return false;
    skip_space();
    return left_.empty();
  }

 private:
  bool value(int depth) {
    skip_space();
    if (left_.empty() || depth > kMaxJsonDepth) return false;
    switch (left_.front()) {
      case '{': return members(depth);
      case '[': return items(depth);
      case '"': return string();
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number();
    }
  }

  bool members(int depth) {
    take('{');
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      if (!string()) return false;
      skip_space();
      if (!take(':') || !value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool items(int depth) {
    take('[');
    skip_space();
    if (take(']')) return true;
    do {
      if (!value(depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  bool string() {
    if (!take('"')) return false;
    while (!left_.empty()) {
      const char c = left_.front();
      left_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (left_.empty()) return false;
    const char c = left_.front();
    left_.remove_prefix(1);
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    const std::string_view digits = left_.substr(0, 4);
    left_.remove_prefix(digits.size());
    return digits.size() == 4 && digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  bool digits() {
    const std::size_t count = left_.find_first_not_of("0123456789");
    const std::size_t taken = count == std::string_view::npos ? left_.size() : count;
    left_.remove_prefix(taken);
    return taken > 0;
  }

  bool literal(std::string_view word) {
    if (!left_.starts_with(word)) return false;
    left_.remove_prefix(word.size());
    return true;
  }

  bool take(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }

  void skip_space() {
    const std::size_t count = left_.find_first_not_of(" \t\r\n");
    left_.remove_prefix(count == std::string_view::npos ? left_.size() : count);
  }

  std::string_view left_;
};

}  // namespace

bool is_json(std::string_view text) { return is_utf8(text) && Checker(text).document(); }

}  // namespace doppel

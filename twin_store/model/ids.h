// Identities. Each is its own type: a TwinId is not an EdgeId, a Position is not a count.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace doppel {

// Position of a record in a lane's journal: from 1, growing, never reused, also not across epochs. 0 means "none".
enum class Position : std::uint64_t { none = 0 };
inline std::uint64_t to_number(Position p) { return static_cast<std::uint64_t>(p); }
inline Position next(Position p) { return Position{to_number(p) + 1}; }

// A stretch of a journal without a gap in trust. Grows by one whenever a tail may have been lost.
enum class Epoch : std::uint32_t { first = 1 };
inline std::uint32_t to_number(Epoch e) { return static_cast<std::uint32_t>(e); }

template <class Tag>
class StringId {
 public:
  StringId() = default;
  explicit StringId(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  auto operator<=>(const StringId&) const = default;

 private:
  std::string text_;
};

using TwinId = StringId<struct TwinTag>;          // at most kMaxTwinId bytes, case kept
using EdgeId = StringId<struct EdgeTag>;          // [a-z0-9-], 1 to 63
using FunctionName = StringId<struct FunctionTag>;  // [a-z][a-z0-9_-]*, 1 to 63

inline constexpr std::size_t kMaxTwinId = 256;

// 128 random bits made with an empty store: the life of one body of state. Window rows of different incarnations add.
struct Incarnation {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Incarnation&) const = default;
};
std::string to_hex(const Incarnation& incarnation);

// True for 1 to 63 characters of [a-z0-9-_] that begin with a letter or digit: edge and function names.
bool is_name(std::string_view text);

}  // namespace doppel

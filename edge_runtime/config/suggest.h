// "Did you mean": the known word nearest to a mistyped one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace doppel {

// The known word with the least edits (insert, delete, change, swap of neighbours), if they are at most a third of the word.
std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> known);

// "; did you mean \"journal.sync\"?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace doppel

// Rows of a text table: separated by commas, semicolons, tabs or blanks, cells in double quotes where they need it (RFC 4180).
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace doppel {

// The most frequent of , ; and tab in a line; a blank when there is none of them: then any number of blanks separates.
char separator_of(std::string_view line);
std::vector<std::string> split_row(std::string_view line, char separator);
// The next line that is not empty, without its line end.
std::optional<std::string> next_line(std::istream& in);

}  // namespace doppel

// What commands print: results on standard output, everything else on standard error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/programs/command_line.h"
#include "twin_store/model/result.h"

namespace doppel {

enum class Style : std::uint8_t { plain, bold, dim, good, bad };

// With the terminal's codes where standard output is a terminal and NO_COLOR is not set.
std::string styled(std::string_view text, Style style);

// Columns as wide as their widest cell. Cells are plain text; control characters are shown as '?'.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> rows_;
};

// Without control characters, which could make a terminal do things.
std::string printable(std::string_view text);

void print(std::string_view text);

// "doppel: LINE" on standard error for each line of the message; returns the exit code.
int fail(const Error& error, ExitCode code = kFailed);

}  // namespace doppel

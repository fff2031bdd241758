#include "broker_bridge/sim/csv.h"

#include <algorithm>

namespace doppel {

char separator_of(std::string_view line) {
  char best = ' ';
  std::ptrdiff_t most = 0;
  for (const char candidate : {',', ';', '\t'}) {
    const auto count = std::count(line.begin(), line.end(), candidate);
    if (count > most) most = count, best = candidate;
  }
  return best;
}

std::vector<std::string> split_row(std::string_view line, char separator) {
  std::vector<std::string> cells;
  std::string cell;
  bool quoted = false, has_cell = separator != ' ';
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled) cell += line[++i];
      if (!doubled) quoted = !quoted;
      has_cell = true;
    } else if (c == separator && !quoted) {
      if (has_cell) cells.push_back(std::move(cell));
      cell.clear();
      has_cell = separator != ' ';
    } else {
      cell += c;
      has_cell = true;
    }
  }
  if (has_cell) cells.push_back(std::move(cell));
  return cells;
}

std::optional<std::string> next_line(std::istream& in) {
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) return line;
  }
  return std::nullopt;
}

}  // namespace doppel

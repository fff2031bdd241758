#include "edge_runtime/programs/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "edge_runtime/programs/command_line.h"

namespace doppel {
namespace {

// Code points, which is what most terminals give one cell to.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool wants_colour() {
  static const bool wanted = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return wanted;
}

std::string_view code(Style style) {
  switch (style) {
    case Style::plain: return "";
    case Style::bold: return "\x1b[1m";
    case Style::dim: return "\x1b[2m";
    case Style::good: return "\x1b[32m";
    case Style::bad: return "\x1b[31m";
  }
  return "";
}

std::string line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths, Style style) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += cells[i];
    if (i + 1 < cells.size()) out.append(widths[i] - width(cells[i]) + 2, ' ');
  }
  return styled(out, style) + "\n";
}

}  // namespace

std::string styled(std::string_view text, Style style) {
  if (style == Style::plain || !wants_colour()) return std::string(text);
  return std::string(code(style)) + std::string(text) + "\x1b[0m";
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

std::string Table::text() const {
  auto rows = rows_;
  std::vector<std::size_t> widths;
  for (const std::string& cell : heading_) widths.push_back(width(cell));
  for (auto& row : rows) {
    row.resize(heading_.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = printable(row[i]);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  std::string out = line(heading_, widths, Style::bold);
  for (const auto& row : rows) out += line(row, widths, Style::plain);
  return out;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int fail(const Error& error, ExitCode code) {
  std::string text;
  std::istringstream lines(error.message);
  for (std::string line; std::getline(lines, line);) text += "doppel: " + line + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
  return code;
}

}  // namespace doppel

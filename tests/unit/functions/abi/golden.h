// Golden bytes: files of hex digits with comments, compared as text so that a difference shows its place.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace doppel::golden {

inline std::string read(const std::string& name) {
  const std::string path = std::string(DOPPEL_SOURCE_DIR) + "/tests/golden/abi/" + name;
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::string bytes;
  for (std::string line; std::getline(file, line);) {
    std::string digits;
    for (const char c : line.substr(0, line.find('#'))) {
      if (c != ' ') digits += c;
    }
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
  }
  return bytes;
}

// 8 bytes a line, each line with its offset.
inline std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 8 == 0) out += (i == 0 ? "" : "\n") + std::to_string(i) + ":";
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out += ' ';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace doppel::golden

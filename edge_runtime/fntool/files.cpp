#include "edge_runtime/fntool/files.h"

#include <fstream>
#include <iterator>
#include <system_error>

namespace doppel::fntool {

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return not_found(path.string() + ": cannot be opened");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (file.bad()) return unavailable(path.string() + ": cannot be read");
  return text;
}

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return unavailable(path.parent_path().string() + ": cannot be made: " + error.message());
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) return unavailable(path.string() + ": cannot be written");
  return {};
}

}  // namespace doppel::fntool

#include <system_error>

#include "edge_runtime/fntool/embedded.h"
#include "edge_runtime/fntool/files.h"
#include "edge_runtime/fntool/function_tool.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;

std::string with_name(std::string_view text, const std::string& name) {
  constexpr std::string_view kMark = "{name}";
  std::string out(text);
  for (std::size_t at = out.find(kMark); at != std::string::npos; at = out.find(kMark, at + name.size())) {
    out.replace(at, kMark.size(), name);
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> create_function(const std::string& folder, const std::string& name) {
  if (!is_name(name) || name[0] < 'a' || name[0] > 'z') {
    return invalid_input("\"" + name + "\" is not a function name: 1 to 63 of a-z, 0-9, - and _ that begin with a letter");
  }
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) return conflict(folder + " has something in it already");
  std::vector<std::string> written;
  for (const auto& file : fntool::template_files()) {
    const fs::path path = fs::path(folder) / with_name(file.path, name);
    if (const auto done = fntool::write_file(path, with_name(file.text, name)); !done) return done.error();
    written.push_back(path.string());
  }
  return written;
}

}  // namespace doppel

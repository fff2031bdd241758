#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <system_error>

#include <unistd.h>

#include "edge_runtime/fntool/embedded.h"
#include "edge_runtime/fntool/files.h"
#include "edge_runtime/fntool/function_tool.h"
#include "edge_runtime/wasm/helper_process.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCompilers[] = {"clang++-14", "clang++-15", "clang++-16", "clang++-17",
                                           "clang++-18", "clang++-19", "clang++"};
constexpr std::string_view kLinkers[] = {"wasm-ld-14", "wasm-ld-15", "wasm-ld-16", "wasm-ld-17",
                                         "wasm-ld-18", "wasm-ld-19", "wasm-ld"};

// The first of these programs that PATH leads to.
std::optional<std::string> find_program(std::span<const std::string_view> names) {
  const char* variable = std::getenv("PATH");
  for (const auto name : names) {
    std::istringstream folders(variable == nullptr ? "/usr/local/bin:/usr/bin:/bin" : variable);
    for (std::string folder; std::getline(folders, folder, ':');) {
      const std::string path = folder + "/" + std::string(name);
      if (::access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return std::nullopt;
}

Result<std::string> find_compiler() {
  const auto compiler = find_program(kCompilers);
  if (!compiler || !find_program(kLinkers)) {
    return not_found("no clang++ (14 or newer) with wasm-ld in PATH; on Debian: apt-get install clang-14 lld-14");
  }
  return *compiler;
}

std::vector<std::string> sources_in(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".cpp") out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> write_sdk(const fs::path& include) {
  for (const auto& file : fntool::sdk_headers()) {
    if (const auto done = fntool::write_file(include / file.path, file.text); !done) return done;
  }
  return fntool::write_file(include / fntool::abi_header().path, fntool::abi_header().text);
}

// clang tells the size only in a note behind its error: the SDK's check is a template of it.
std::string state_size_line(const std::string& folder, std::string_view errors, std::uint64_t state_bytes) {
  constexpr std::string_view kCheck = "StateIsAsLargeAsTheManifestSays<";
  const auto at = errors.find(kCheck);
  if (at == std::string_view::npos) return {};
  const auto size = errors.substr(at + kCheck.size());
  return folder + "/function.toml: state_bytes = " + std::to_string(state_bytes) + ", but sizeof(State) is " +
         std::string(size.substr(0, size.find_first_not_of("0123456789"))) + "\n";
}

}  // namespace

Result<BuiltFunction> build_function(const std::string& folder) {
  BuiltFunction built;
  auto text = fntool::read_file(fs::path(folder) / "function.toml");
  if (!text) return text.error();
  built.manifest_text = std::move(text).value();
  auto manifest = parse_manifest(built.manifest_text);
  if (!manifest) return invalid_input(folder + "/" + manifest.error().message);
  built.manifest = std::move(manifest).value();

  const auto sources = sources_in(folder);
  if (sources.empty()) return not_found(folder + ": no *.cpp file to compile");
  const auto compiler = find_compiler();
  if (!compiler) return compiler.error();
  const fs::path build = fs::path(folder) / "build";
  if (const auto written = write_sdk(build / "include"); !written) return written.error();

  built.module_path = (build / (built.manifest.name.text() + ".wasm")).string();
  std::vector<std::string> command{*compiler};
  for (const auto flag : fntool::compiler_flags()) command.emplace_back(flag);
  command.push_back("-DDOPPEL_STATE_BYTES=" + std::to_string(built.manifest.state_bytes));
  command.insert(command.end(), {"-I" + (build / "include").string(), "-o", built.module_path});
  command.insert(command.end(), sources.begin(), sources.end());
  const auto ended = wasm::run_helper(command);
  if (!ended) return ended.error();
  if (ended->exit_code != 0) return invalid_input(state_size_line(folder, ended->errors, built.manifest.state_bytes) + *compiler + " " + ended->how + ":\n" + ended->errors);
  std::error_code error;
  built.bytes = fs::file_size(built.module_path, error);
  return built;
}

}  // namespace doppel

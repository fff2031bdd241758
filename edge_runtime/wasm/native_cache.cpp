#include "edge_runtime/wasm/native_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "edge_runtime/wasm/helper_process.h"

namespace doppel::wasm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTemporary = "new-";

// Removed when it goes out of scope, unless it has been renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) { ::unlink(path_.c_str()); }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Error folder_error(const std::string& folder, const std::string& what) {
  return unavailable("native code folder " + folder + ": " + what);
}

}  // namespace

Result<void> NativeCache::open() {
  std::error_code error;
  fs::create_directories(fs::path(folder_).parent_path(), error);
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
    return folder_error(folder_, "cannot be made: " + std::generic_category().message(errno));
  }
  struct stat status {};
  if (::lstat(folder_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return folder_error(folder_, "is not a folder");
  if (status.st_uid != ::geteuid()) return folder_error(folder_, "belongs to another user, " + std::to_string(status.st_uid));
  if ((status.st_mode & 0077) != 0) return folder_error(folder_, "others may use it; its mode must be 0700");
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().filename().string().starts_with(kTemporary)) fs::remove(entry.path(), error);
  }
  return {};
}

bool NativeCache::contains(const std::string& key) const {
  return ::utimensat(AT_FDCWD, path(key).c_str(), nullptr, 0) == 0;
}

Result<void> NativeCache::compile(const std::string& key, std::string_view wasm, std::string_view plan) {
  const std::string base =
      folder_ + "/" + std::string(kTemporary) + std::to_string(::getpid()) + "-" + std::to_string(next_temporary_++);
  const TemporaryFile in(base + ".wasm");
  const TemporaryFile out(base + ".cwasm");
  std::ofstream file(in.path(), std::ios::binary);
  file.write(wasm.data(), static_cast<std::streamsize>(wasm.size()));
  file.close();
  if (!file) return folder_error(folder_, "cannot be written to");

  std::vector<std::string> command = compiler_;
  command.insert(command.end(), {in.path(), out.path(), std::string(plan)});
  const auto ended = run_helper(command);
  if (!ended) return ended.error();
  if (ended->exit_code == 1) return invalid_input("module: " + ended->errors);
  if (ended->exit_code != 0) return unavailable("compiling " + ended->how + (ended->errors.empty() ? "" : ": " + ended->errors));
  if (::rename(out.path().c_str(), path(key).c_str()) != 0) {
    return folder_error(folder_, "cannot take the compiled module: " + std::generic_category().message(errno));
  }
  remove_unused(path(key));
  return {};
}

void NativeCache::remove(const std::string& key) const { ::unlink(path(key).c_str()); }

// A file that is still mapped goes on working after its name is gone.
void NativeCache::remove_unused(const std::string& newest) {
  struct Entry {
    fs::path path;
    fs::file_time_type used;
    std::uint64_t size;
  };
  std::error_code error;
  std::vector<Entry> entries;
  std::uint64_t total = 0;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().extension() != ".cwasm" || entry.path().filename().string().starts_with(kTemporary)) continue;
    entries.push_back({entry.path(), entry.last_write_time(error), entry.file_size(error)});
    total += entries.back().size;
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
  for (const Entry& entry : entries) {
    if (total <= budget_bytes_) return;
    if (entry.path == newest) continue;
    fs::remove(entry.path, error);
    total -= entry.size;
  }
}

}  // namespace doppel::wasm

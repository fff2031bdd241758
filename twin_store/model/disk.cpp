#include "twin_store/model/disk.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace doppel {
namespace {

// "journal/0000000001.segment: write of 300 bytes at 8192: No space left on device (errno 28)"
Error disk_error(const std::string& path, const std::string& what, int number) {
  std::string message = path + ": " + what + ": " + std::generic_category().message(number) + " (errno " + std::to_string(number) + ")";
  if (number == ENOENT) return not_found(std::move(message));
  if (number == EEXIST) return conflict(std::move(message));
  return unavailable(std::move(message));
}

std::string range_text(std::size_t size, std::uint64_t offset) { return std::to_string(size) + " bytes at " + std::to_string(offset); }

// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Descriptor open_descriptor(const std::string& path, int flags) {
  constexpr mode_t kOwnerOnly = 0600;
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kOwnerOnly); }));
}

Result<void> sync_folder_at(const std::string& path) {
  const auto folder = open_descriptor(path, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open()) return disk_error(path, "open folder", errno);
  if (uninterrupted([&] { return ::fsync(folder.get()); }) != 0) return disk_error(path, "sync folder", errno);
  return {};
}

class SystemFile final : public DiskFile {
 public:
  SystemFile(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  Result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    const auto what = [&] { return "write of " + range_text(bytes.size(), offset); };
    for (std::size_t done = 0; done < bytes.size();) {
      const auto at = static_cast<off_t>(offset + done);
      const auto written = uninterrupted([&] { return ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done, at); });
      if (written < 0) return disk_error(path_, what(), errno);
      if (written == 0) return disk_error(path_, what(), EIO);
      done += static_cast<std::size_t>(written);
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) const override {
    std::size_t done = 0;
    while (done < size) {
      const auto at = static_cast<off_t>(offset + done);
      const auto read = uninterrupted([&] { return ::pread(fd_.get(), into + done, size - done, at); });
      if (read < 0) return disk_error(path_, "read of " + range_text(size, offset), errno);
      if (read == 0) break;
      done += static_cast<std::size_t>(read);
    }
    return done;
  }

  Result<void> sync() override {
    if (uninterrupted([&] { return ::fdatasync(fd_.get()); }) != 0) return disk_error(path_, "sync", errno);
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) == 0) return {};
    return disk_error(path_, "truncate to " + std::to_string(size) + " bytes", errno);
  }

  Result<void> allocate(std::uint64_t wanted) override {
    if (uninterrupted([&] { return ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(wanted)); }) == 0) return {};
    if (errno != EOPNOTSUPP) return disk_error(path_, "allocate " + std::to_string(wanted) + " bytes", errno);
    // A file system that cannot reserve still gives zeros up to the size.
    const auto present = size();
    if (!present) return present.error();
    return *present < wanted ? truncate(wanted) : Result<void>();
  }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return disk_error(path_, "stat", errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  const std::string path_;
  const Descriptor fd_;
};

class SystemLock final : public DiskLock {
 public:
  explicit SystemLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;  // closing it lets go of the lock
};

class SystemDisk final : public Disk {
 public:
  explicit SystemDisk(std::string root) : root_(std::move(root)) {}

  Result<std::unique_ptr<DiskFile>> open(const std::string& name, Mode mode) override {
    const auto path = path_of(name);
    auto fd = open_descriptor(path, O_RDWR | (mode == Mode::open_existing ? 0 : mode == Mode::create_new ? O_CREAT | O_EXCL : O_CREAT));
    if (!fd.is_open()) return disk_error(path, "open", errno);
    return std::unique_ptr<DiskFile>(std::make_unique<SystemFile>(path, std::move(fd)));
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entries(path_of(folder), error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error))
      names.push_back(entries->path().filename().string());
    if (error && error.value() != ENOENT) return disk_error(path_of(folder), "list", error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> make_folder(const std::string& folder) override {
    std::error_code error;
    if (!std::filesystem::create_directories(path_of(folder), error) && !error) return {};
    if (error) return disk_error(path_of(folder), "make folder", error.value());
    return sync_folder_at(std::filesystem::path(path_of(folder)).parent_path().string());
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(path_of(from).c_str(), path_of(to).c_str()) != 0) return disk_error(path_of(from), "rename to " + path_of(to), errno);
    return sync_folder_of(to);
  }

  Result<void> remove(const std::string& name) override {
    if (::unlink(path_of(name).c_str()) != 0) return disk_error(path_of(name), "remove", errno);
    return sync_folder_of(name);
  }

  Result<void> sync_folder(const std::string& folder) override { return sync_folder_at(path_of(folder)); }

  Result<std::unique_ptr<DiskLock>> lock(const std::string& name) override {
    const auto path = path_of(name);
    auto fd = open_descriptor(path, O_RDWR | O_CREAT);
    if (!fd.is_open()) return disk_error(path, "open", errno);
    if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) return disk_error(path, "lock", errno);
      return conflict(path + " is held by process " + holder_of(fd.get()) + ", which runs on this folder already");
    }
    const auto pid = std::to_string(::getpid());
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) return disk_error(path, "write of the process id", errno);
    return std::unique_ptr<DiskLock>(std::make_unique<SystemLock>(std::move(fd)));
  }

 private:
  std::string path_of(const std::string& name) const { return name.empty() ? root_ : root_ + "/" + name; }
  Result<void> sync_folder_of(const std::string& name) { return sync_folder_at(std::filesystem::path(path_of(name)).parent_path().string()); }

  static std::string holder_of(int fd) {
    char pid[16];
    const auto size = ::pread(fd, pid, sizeof pid, 0);
    return size > 0 ? std::string(pid, static_cast<std::size_t>(size)) : "(unknown)";
  }

  const std::string root_;
};

}  // namespace

Result<std::unique_ptr<Disk>> open_system_disk(const std::string& root) {
  const auto absolute = std::filesystem::absolute(root).lexically_normal().string();
  std::error_code error;
  std::filesystem::create_directories(absolute, error);
  if (error) return disk_error(absolute, "make folder", error.value());
  return std::unique_ptr<Disk>(std::make_unique<SystemDisk>(absolute));
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace doppel

// A disk that may lose what was not synced, under a real process: preloaded (LD_PRELOAD), it notes what each write to a file under
// UNSAFE_DISK_ROOT replaces, and forgets that when the file is synced. The notes are in UNSAFE_DISK_NOTES and outlive the process;
// `unsafe_disk.py` plays the power cut with them.
//
// A note: kind, inode, offset, length (little-endian, 8 bytes each), then `length` bytes. Kinds:
//   1 content   what stood at `offset` before a write, in whole sectors as far as the file went
//   2 size      of the file before it changed, in `offset`
//   3 synced    the file
//   4 created   a file of which no folder knows on the disk so far; the bytes are its path
//   5 folder    synced; the bytes are its path
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr off_t kSector = 512;
enum class Kind : std::uint64_t { content = 1, size = 2, synced = 3, created = 4, folder_synced = 5 };

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::mutex mutex;

class Notes {
 public:
  Notes() {
    const char* root = std::getenv("UNSAFE_DISK_ROOT");
    const char* path = std::getenv("UNSAFE_DISK_NOTES");
    if (root == nullptr || path == nullptr) return;
    root_ = root;
    fd_ = next<int (*)(const char*, int, ...)>("open")(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  bool covers(std::string_view path) const {
    // What SQLite shares between processes is memory: it makes it again.
    return fd_ >= 0 && path.starts_with(root_) && !path.ends_with("-shm");
  }
  void add(Kind kind, ino_t inode, off_t offset, std::string_view bytes) {
    const std::array<std::uint64_t, 4> head{static_cast<std::uint64_t>(kind), inode, static_cast<std::uint64_t>(offset), bytes.size()};
    std::string note(reinterpret_cast<const char*>(head.data()), sizeof head);
    note += bytes;
    static const auto write = next<ssize_t (*)(int, const void*, size_t)>("write");
    if (write(fd_, note.data(), note.size()) != static_cast<ssize_t>(note.size())) std::abort();
  }

 private:
  std::string root_;
  int fd_ = -1;
};

Notes& notes() {
  static Notes all;
  return all;
}

struct Opened {
  bool covered = false, folder = false;
  std::string path;
};
std::vector<Opened>& files() {
  static std::vector<Opened> all(1 << 16);
  return all;
}
Opened* covered(int fd) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= files().size() || !files()[static_cast<std::size_t>(fd)].covered) return nullptr;
  return &files()[static_cast<std::size_t>(fd)];
}

struct stat status_of(int fd) {
  struct stat status {};
  fstat(fd, &status);
  return status;
}

void note_content(int fd, off_t offset, std::size_t count) {
  const auto status = status_of(fd);
  const off_t begin = offset / kSector * kSector;
  const off_t end = (offset + static_cast<off_t>(count) + kSector - 1) / kSector * kSector;
  std::string old(static_cast<std::size_t>(end - begin), '\0');
  const auto read = pread(fd, old.data(), old.size(), begin);
  old.resize(read < 0 ? 0 : static_cast<std::size_t>(read));
  if (!old.empty()) notes().add(Kind::content, status.st_ino, begin, old);
  if (offset + static_cast<off_t>(count) > status.st_size) notes().add(Kind::size, status.st_ino, status.st_size, {});
}

int opened(int fd, const char* path, bool was_there) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= files().size()) return fd;
  const std::lock_guard lock(mutex);
  const auto status = status_of(fd);
  const bool is_folder = S_ISDIR(status.st_mode);
  files()[static_cast<std::size_t>(fd)] = {notes().covers(std::string(path) + (is_folder ? "/" : "")), is_folder, path};
  if (covered(fd) != nullptr && !is_folder && !was_there) notes().add(Kind::created, status.st_ino, 0, path);
  return fd;
}

bool exists(const char* path) {
  struct stat status {};
  return stat(path, &status) == 0;
}

template <class Real, class... Position>
ssize_t written(Real real, int fd, const void* data, size_t count, off_t at, Position... position) {
  const std::lock_guard lock(mutex);
  if (covered(fd) != nullptr) note_content(fd, at, count);
  return real(fd, data, count, position...);
}

template <class Real, class... Arguments>
int resized(Real real, int fd, Arguments... arguments) {
  const std::lock_guard lock(mutex);
  const auto status = status_of(fd);
  if (covered(fd) != nullptr) note_content(fd, 0, static_cast<std::size_t>(status.st_size));
  if (covered(fd) != nullptr) notes().add(Kind::size, status.st_ino, status.st_size, {});
  return real(fd, arguments...);
}

// What was noted before the call is on the disk after it; a write meanwhile waits.
template <class Real>
int synced(Real real, int fd) {
  const std::lock_guard lock(mutex);
  const int result = real(fd);
  Opened* file = covered(fd);
  if (result == 0 && file != nullptr) {
    file->folder ? notes().add(Kind::folder_synced, 0, 0, file->path) : notes().add(Kind::synced, status_of(fd).st_ino, 0, {});
  }
  return result;
}

using Open = int (*)(const char*, int, ...);
using OpenAt = int (*)(int, const char*, int, ...);

}  // namespace

#define UNSAFE_DISK_OPEN(name)                                            \
  extern "C" int name(const char* path, int flags, ...) {                 \
    static const auto real = next<Open>(#name);                           \
    va_list rest;                                                         \
    va_start(rest, flags);                                                \
    const mode_t mode = va_arg(rest, mode_t);                             \
    va_end(rest);                                                         \
    const bool was_there = (flags & O_CREAT) == 0 || exists(path);        \
    return opened(real(path, flags, mode), path, was_there);              \
  }
UNSAFE_DISK_OPEN(open)
UNSAFE_DISK_OPEN(open64)

#define UNSAFE_DISK_PWRITE(name)                                                          \
  extern "C" ssize_t name(int fd, const void* data, size_t count, off_t at) {             \
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>(#name);   \
    return written(real, fd, data, count, at, at);                                        \
  }
UNSAFE_DISK_PWRITE(pwrite)
UNSAFE_DISK_PWRITE(pwrite64)

extern "C" ssize_t write(int fd, const void* data, size_t count) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return covered(fd) == nullptr ? real(fd, data, count) : written(real, fd, data, count, lseek(fd, 0, SEEK_CUR));
}

#define UNSAFE_DISK_TRUNCATE(name)                               \
  extern "C" int name(int fd, off_t size) {                      \
    static const auto real = next<int (*)(int, off_t)>(#name);   \
    return resized(real, fd, size);                              \
  }
UNSAFE_DISK_TRUNCATE(ftruncate)
UNSAFE_DISK_TRUNCATE(ftruncate64)

#define UNSAFE_DISK_ALLOCATE(name)                                           \
  extern "C" int name(int fd, int mode, off_t at, off_t size) {              \
    static const auto real = next<int (*)(int, int, off_t, off_t)>(#name);   \
    const std::lock_guard lock(mutex);                                       \
    if (covered(fd) != nullptr) {                                            \
      const auto status = status_of(fd);                                     \
      notes().add(Kind::size, status.st_ino, status.st_size, {});            \
    }                                                                        \
    return real(fd, mode, at, size);                                         \
  }
UNSAFE_DISK_ALLOCATE(fallocate)
UNSAFE_DISK_ALLOCATE(fallocate64)

#define UNSAFE_DISK_SYNC(name)                            \
  extern "C" int name(int fd) {                           \
    static const auto real = next<int (*)(int)>(#name);   \
    return synced(real, fd);                              \
  }
UNSAFE_DISK_SYNC(fsync)
UNSAFE_DISK_SYNC(fdatasync)

extern "C" int close(int fd) {
  static const auto real = next<int (*)(int)>("close");
  {
    const std::lock_guard lock(mutex);
    if (Opened* file = covered(fd)) *file = {};
  }
  return real(fd);
}

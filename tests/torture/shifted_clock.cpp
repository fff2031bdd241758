// A wall clock that a test sets: preloaded, it adds the seconds that stand in the file SHIFTED_CLOCK (8 bytes, little-endian, signed)
// to CLOCK_REALTIME. The monotonic clock stays as it is.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

const std::atomic<std::int64_t>* shift() {
  const char* path = std::getenv("SHIFTED_CLOCK");
  const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* page = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  return page == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(page);
}

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* time) {
  static const auto real = reinterpret_cast<int (*)(clockid_t, timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
  static const auto* const seconds = shift();
  const int result = real(id, time);
  if (result == 0 && id == CLOCK_REALTIME && seconds != nullptr) time->tv_sec += seconds->load(std::memory_order_relaxed);
  return result;
}

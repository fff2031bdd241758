#include "twin_store/store/vfs_shim.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>

namespace doppel {

struct VfsShim::Registration {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  FileHooks* hooks = nullptr;
};

namespace {

using Verdict = FileHooks::Verdict;

// SQLite allocates szOsFile bytes for it: this header, then the real VFS's own file.
struct ShimFile {
  sqlite3_file base;
  FileHooks* hooks;
  const char* path;  // owned by SQLite for the life of the file; null for temporary files
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  std::string_view name() const { return path == nullptr ? std::string_view("(temporary)") : std::string_view(path); }
};

ShimFile* shim(sqlite3_file* file) { return reinterpret_cast<ShimFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return shim(file)->real(); }

int error_code(Verdict verdict, int io_error) { return verdict == Verdict::disk_full ? SQLITE_FULL : io_error; }

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), into, size, offset);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
  const Verdict verdict = shim(file)->hooks->before_write(shim(file)->name(), offset, bytes);
  if (verdict != Verdict::go_on) return error_code(verdict, SQLITE_IOERR_WRITE);
  return real(file)->pMethods->xWrite(real(file), from, size, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); }
int sync(sqlite3_file* file, int flags) {
  const Verdict verdict = shim(file)->hooks->before_sync(shim(file)->name());
  if (verdict != Verdict::go_on) return error_code(verdict, SQLITE_IOERR_FSYNC);
  return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* held) { return real(file)->pMethods->xCheckReservedLock(real(file), held); }
int control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

// Version 2: shared memory for the write-ahead log, but no memory mapping, so that every write passes here.
constexpr sqlite3_io_methods kMethods = {
    2,       close,      read,          write,   truncate,        sync,    file_size, lock,        unlock, check_lock,
    control, sector_size, characteristics, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr,   nullptr};

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* registration = static_cast<VfsShim::Registration*>(vfs->pAppData);
  auto* opened = new (file) ShimFile{{nullptr}, registration->hooks, path};
  const int code = registration->real->xOpen(registration->real, path, opened->real(), flags, out_flags);
  if (opened->real()->pMethods != nullptr) opened->base.pMethods = &kMethods;
  return code;
}

std::string unique_name() {
  static std::atomic<int> count{0};
  return "doppel-" + std::to_string(++count);
}

}  // namespace

VfsShim::VfsShim(FileHooks& hooks, const char* base) : name_(unique_name()), registration_(std::make_unique<Registration>()) {
  registration_->real = sqlite3_vfs_find(base);
  registration_->hooks = &hooks;
  registration_->vfs = *registration_->real;
  registration_->vfs.pNext = nullptr;
  registration_->vfs.zName = name_.c_str();
  registration_->vfs.pAppData = registration_.get();
  registration_->vfs.szOsFile = static_cast<int>(sizeof(ShimFile)) + registration_->real->szOsFile;
  registration_->vfs.xOpen = open;
  sqlite3_vfs_register(&registration_->vfs, 0);
}

VfsShim::~VfsShim() { sqlite3_vfs_unregister(&registration_->vfs); }

}  // namespace doppel

#include "tests/simulation/sim_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <new>

namespace doppel::simulation {

struct SimVfs::Registration {
  sqlite3_vfs vfs{};
};

namespace {

constexpr int kSectorSize = 4096;  // as of SQLite's own VFS
constexpr sqlite3_int64 kJulianNow = 212'000'000'000'000;

struct OpenFile {
  sqlite3_file base;
  SimVfs* vfs;
  std::string* name;
  DiskFile* file;
  bool syncs_folder;  // with its first sync: what SQLite's own VFS does for logs that it makes
};
OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

bool is_full(const Error& error) { return error.message.find("errno 28") != std::string::npos; }

}  // namespace

struct VfsCalls {
  static SimVfs& of_vfs(sqlite3_vfs* vfs) { return *static_cast<SimVfs*>(vfs->pAppData); }

  static int close(sqlite3_file* file) {
    delete of(file).file;
    delete of(file).name;
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
    const auto read = of(file).file->read_at(static_cast<std::uint64_t>(offset), static_cast<char*>(into), static_cast<std::size_t>(size));
    if (!read) return SQLITE_IOERR_READ;
    if (*read == static_cast<std::size_t>(size)) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + *read, 0, static_cast<std::size_t>(size) - *read);
    return SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    const auto written = of(file).file->write_at(static_cast<std::uint64_t>(offset), {static_cast<const char*>(from), static_cast<std::size_t>(size)});
    if (written) return SQLITE_OK;
    return is_full(written.error()) ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    return of(file).file->truncate(static_cast<std::uint64_t>(size)) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
  }
  static int sync(sqlite3_file* file, int) {
    auto& opened = of(file);
    if (!opened.file->sync()) return SQLITE_IOERR_FSYNC;
    if (opened.syncs_folder && !opened.vfs->disk_.sync_folder("")) return SQLITE_IOERR_DIR_FSYNC;
    opened.syncs_folder = false;
    return SQLITE_OK;
  }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    const auto present = of(file).file->size();
    if (!present) return SQLITE_IOERR_FSTAT;
    *size = static_cast<sqlite3_int64>(*present);
    return SQLITE_OK;
  }
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int check_lock(sqlite3_file*, int* held) {
    *held = 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return kSectorSize; }
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
    auto& regions = of(file).vfs->shared_[*of(file).name];
    *at = nullptr;
    while (regions.size() <= static_cast<std::size_t>(region)) {
      if (extend == 0) return SQLITE_OK;
      regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    }
    *at = regions[static_cast<std::size_t>(region)].get();
    return SQLITE_OK;
  }
  static int shm_lock(sqlite3_file*, int, int, int) { return SQLITE_OK; }
  static void shm_barrier(sqlite3_file*) {}
  static int shm_unmap(sqlite3_file* file, int remove) {
    if (remove != 0) of(file).vfs->shared_.erase(*of(file).name);
    return SQLITE_OK;
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    file->pMethods = nullptr;
    if (path == nullptr) return SQLITE_CANTOPEN;
    auto& self = of_vfs(vfs);
    const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
    const bool is_new = creates && !self.disk_.exists(path);
    auto opened = self.disk_.open(path, creates ? Disk::Mode::open_or_create : Disk::Mode::open_existing);
    if (!opened) return is_full(opened.error()) ? SQLITE_FULL : SQLITE_CANTOPEN;
    const bool is_log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    new (file) OpenFile{{&kMethods}, &self, new std::string(path), opened->release(), is_new && is_log};
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int) {
    auto& self = of_vfs(vfs);
    if (!self.disk_.exists(path)) return SQLITE_IOERR_DELETE_NOENT;
    return self.disk_.remove(path) ? SQLITE_OK : SQLITE_IOERR_DELETE;
  }
  static int access(sqlite3_vfs* vfs, const char* path, int, int* there) {
    *there = of_vfs(vfs).disk_.exists(path) ? 1 : 0;
    return SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* path, int size, char* out) {
    if (std::strlen(path) >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
    std::strcpy(out, path);
    return SQLITE_OK;
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    for (int i = 0; i < size; ++i) out[i] = static_cast<char>(of_vfs(vfs).random_.next());
    return size;
  }
  static int sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
  static int time(sqlite3_vfs*, sqlite3_int64* now) {
    *now = kJulianNow;
    return SQLITE_OK;
  }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }

  // Version 2: shared memory for the write-ahead log, no memory mapping.
  static constexpr sqlite3_io_methods kMethods = {
      2,    close,      read,        write,           truncate, sync,     file_size,   lock,      lock,    check_lock,
      control, sector_size, characteristics, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};
};

SimVfs::SimVfs(SimDisk& disk, Random random)
    : disk_(disk), random_(random), name_("sim-" + std::to_string(random_.next())), registration_(std::make_unique<Registration>()) {
  auto& vfs = registration_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenFile);
  vfs.mxPathname = 256;
  vfs.zName = name_.c_str();
  vfs.pAppData = this;
  vfs.xOpen = VfsCalls::open;
  vfs.xDelete = VfsCalls::remove;
  vfs.xAccess = VfsCalls::access;
  vfs.xFullPathname = VfsCalls::full_path;
  vfs.xRandomness = VfsCalls::randomness;
  vfs.xSleep = VfsCalls::sleep;
  vfs.xCurrentTimeInt64 = VfsCalls::time;
  vfs.xGetLastError = VfsCalls::last_error;
  sqlite3_vfs_register(&vfs, 1);
  sqlite3_randomness(0, nullptr);
}

SimVfs::~SimVfs() { sqlite3_vfs_unregister(&registration_->vfs); }

}  // namespace doppel::simulation

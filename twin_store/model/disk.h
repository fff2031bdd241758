// The files under a data folder, as the journal and the delivery log see them. Each call can fail, and a failed write or
// sync is final for that file: callers stop rather than guess what reached the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel {

// Thread: calls on one file may come from several threads; writes of overlapping ranges are the caller's to order.
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  virtual Result<void> write_at(std::uint64_t offset, std::string_view bytes) = 0;  // all of it, or an error
  virtual Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) const = 0;  // short at the end
  virtual Result<void> sync() = 0;                                   // data and size are on the medium
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual Result<void> allocate(std::uint64_t size) = 0;             // reserve space, so that a full disk is met early
  virtual Result<std::uint64_t> size() const = 0;
};

// A file held against other processes; let go by the destructor.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

// Names are relative to the folder the Disk was made for and may contain '/'.
class Disk {
 public:
  enum class Mode { open_existing, create_new, open_or_create };

  virtual ~Disk() = default;
  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& name, Mode mode) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;  // plain names, sorted; empty if absent
  virtual Result<void> make_folder(const std::string& folder) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;  // replaces; folder synced
  virtual Result<void> remove(const std::string& name) = 0;                         // folder synced
  virtual Result<void> sync_folder(const std::string& folder) = 0;
  // Made if absent. Errors: conflict (held already, also by this process; the message names the holder's pid).
  virtual Result<std::unique_ptr<DiskLock>> lock(const std::string& name) = 0;
};

// The operating system's files below `root`, which is made if absent.
Result<std::unique_ptr<Disk>> open_system_disk(const std::string& root);

// Identifies one run of the operating system: what was written before it ended may be lost by a power cut.
std::string boot_id();

}  // namespace doppel

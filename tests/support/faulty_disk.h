// A Disk in memory that fails on request: at the n-th call, with a torn write, by a power cut that takes what was not synced. For the tests
// of every room that writes through Disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "twin_store/model/disk.h"

namespace doppel {

// Thread: any.
class FaultyDisk final : public Disk {
 public:
  FaultyDisk();
  ~FaultyDisk() override;

  // From the n-th call on (1: the next one) every call fails as `error_number` (EIO, ENOSPC, ...) says, until heal(). A write
  // that fails has written its first half.
  void fail_from(std::uint64_t nth_call, int error_number);
  void heal();
  std::uint64_t calls() const;  // so far; a test that ran once without a fault knows which n there are

  // Files are as the last sync left them, and names as the last sync of their folder did. Open files and locks of before are dead.
  void cut_power();
  // The same, but of the pages (4 KiB), sizes and names that were not synced some have reached the medium, as the seed says.
  void cut_power(std::uint64_t seed);
  // Takes back the end of the last write of all, as when the process is killed within it: `kept` of its bytes stay.
  void tear_last_write(std::size_t kept);

  // What is in a file now, past all faults. The file must exist.
  std::string content(const std::string& name) const;
  void set_content(const std::string& name, std::string bytes);  // synced
  void flip_bit(const std::string& name, std::uint64_t bit);
  std::size_t last_write_size() const;

  Result<std::unique_ptr<DiskFile>> open(const std::string& name, Mode mode) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> make_folder(const std::string& folder) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& name) override;
  Result<void> sync_folder(const std::string& folder) override;
  Result<std::unique_ptr<DiskLock>> lock(const std::string& name) override;

 private:
  friend class FaultyFile;
  friend class FaultyLock;
  struct File {
    std::string now, synced;
  };
  struct LastWrite {
    std::shared_ptr<File> file;
    std::uint64_t offset = 0;
    std::string before, bytes;  // what the range held, and holds
    std::size_t size_before = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  Result<void> count_call(const std::string& name, const char* what);  // under mutex_
  void write(const std::shared_ptr<File>& file, std::uint64_t offset, std::string_view bytes);
  void sync_names(const std::string& folder);
  void restart(std::optional<std::uint64_t> seed);

  mutable std::mutex mutex_;  // guards everything
  Names names_, synced_names_;
  std::set<std::string> locks_;
  std::optional<LastWrite> last_write_;
  std::uint64_t life_ = 0;  // counts the power cuts: a file of an earlier life is dead
  std::uint64_t calls_ = 0, fail_from_ = 0;
  int error_number_ = 0;
};

}  // namespace doppel

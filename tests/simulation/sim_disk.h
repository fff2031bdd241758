// The disk of one node, in memory: what its processes wrote, and what of it has reached the medium. A power cut takes any of the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/random.h"
#include "twin_store/model/disk.h"

namespace doppel::simulation {

class SimDisk final : public Disk {
 public:
  static constexpr std::size_t kSector = 512;

  explicit SimDisk(Random random) : random_(random) {}

  // The process that uses the disk dies within its n-th operation from now (1: the next one), which is done in part. `died` is called.
  // From then on nothing changes and everything fails, until a new process begins.
  void freeze_within(std::uint64_t nth, std::function<void()> died);
  void freeze();
  bool is_frozen() const { return frozen_; }
  bool has_failed() const { return has_failed_; }  // this process, by fail_from() or for want of room
  // What is open belongs to the process before, and does nothing any more. What was written stays.
  void begin_process();
  // As begin_process(), but of what was not synced any part is lost: sectors, sizes, names.
  void cut_power();

  void fail_from(std::uint64_t nth, int error_number);  // the n-th operation from now, and all after it, until heal()
  void set_full(bool full) { full_ = full; }            // nothing grows; what is there can be written
  void heal() { freeze_at_ = fail_at_ = 0, full_ = false; }
  std::uint64_t operations() const { return operations_; }

  void empty();  // another disk takes its place; begins a process
  // All that is on it at one instant, and that put back in the place of what it has become; begins a process.
  using Image = std::map<std::string, std::string>;
  Image image() const;
  void restore(const Image& image);

  Result<std::unique_ptr<DiskFile>> open(const std::string& name, Mode mode) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> make_folder(const std::string& folder) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& name) override;
  Result<void> sync_folder(const std::string& folder) override;
  Result<std::unique_ptr<DiskLock>> lock(const std::string& name) override;
  bool exists(const std::string& name) const { return names_.contains(name); }

 private:
  friend class SimFile;
  friend class SimLock;
  struct File {
    std::string now, medium;
    std::set<std::uint64_t> unsynced;  // sectors
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  struct NameChange {
    std::string from, to;  // "" and a name: made; a name and "": removed; both: renamed
    std::shared_ptr<File> file;
  };
  enum class Verdict { go_on, in_part, refused };

  Error refuse_full(const std::string& name, const char* what);
  Verdict judge(std::uint64_t life, const std::string& name, const char* what, Error& error);
  static void apply(const NameChange& change, Names& names);
  void change_names(NameChange change);
  void sync_names();

  Random random_;
  Names names_, medium_names_;
  std::vector<NameChange> unsynced_names_;
  std::set<std::string> locks_;
  std::uint64_t life_ = 0, operations_ = 0, freeze_at_ = 0, fail_at_ = 0;
  std::function<void()> died_;
  int error_number_ = 0;
  bool frozen_ = false, full_ = false, has_failed_ = false;
};

}  // namespace doppel::simulation

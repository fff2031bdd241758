// A SQLite VFS over a SimDisk, so that a store's pages and its write-ahead log meet the same power cuts as the journal.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/sim_disk.h"

namespace doppel::simulation {

// Registered under a name of its own for as long as it lives, and SQLite's default meanwhile: its randomness then comes from here too.
// Thread: one. One connection a file, so locks are always granted.
class SimVfs {
 public:
  SimVfs(SimDisk& disk, Random random);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;
  const std::string& name() const { return name_; }

  // Of the process that used the disk.
  void forget_shared_memory() { shared_.clear(); }

  struct Registration;

 private:
  friend struct VfsCalls;
  using Regions = std::vector<std::unique_ptr<char[]>>;

  SimDisk& disk_;
  Random random_;
  std::string name_;
  std::map<std::string, Regions> shared_;  // by file
  std::unique_ptr<Registration> registration_;
};

}  // namespace doppel::simulation

// Which filters the sessions that brokers keep for us may hold. A subscription lives there, not in the configuration: one that is
// no longer configured has to be ended, or its messages go on coming.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "twin_store/model/disk.h"
#include "twin_store/model/result.h"

namespace doppel {

// Thread: any.
class HeldFilters {
 public:
  using Filters = std::set<std::string>;

  // Borrows the disk; `name` is that of the file. Errors: corrupt_data, unavailable.
  static Result<std::unique_ptr<HeldFilters>> open(Disk& disk, std::string name);

  // Before subscribing: that the session of `client_id` may hold `wanted` is on disk when it returns. Gives what it may hold
  // beside them. Errors: those of the disk.
  Result<Filters> begin(const std::string& client_id, const Filters& wanted);
  // The session holds `wanted`, and nothing else.
  Result<void> settle(const std::string& client_id, const Filters& wanted);

 private:
  HeldFilters(Disk& disk, std::string name) : disk_(disk), name_(std::move(name)) {}
  Result<void> read();
  Result<void> hold(const std::string& client_id, Filters filters);  // with mutex_
  Result<void> write() const;

  Disk& disk_;
  const std::string name_;
  std::mutex mutex_;
  std::map<std::string, Filters> held_;  // by client id; guarded by mutex_
};

}  // namespace doppel

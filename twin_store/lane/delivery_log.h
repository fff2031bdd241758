// Which outbox rows have arrived: a small log beside the store, so that a crash repeats only what was in flight. Delivery
// state, not fold state: the fold never reads it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "twin_store/model/disk.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/result.h"

namespace doppel {

// What the log said at opening.
struct Delivered {
  std::set<OutboxKey> keys;
  std::map<std::string, std::uint64_t, std::less<>> revisions;  // replacement target -> highest revision acknowledged
};

// Thread: one at a time.
// Files `delivery-N.log`: entries of a CRC32C, a length and the entry's bytes. A torn entry ends a file. Entries are written but
// not synced: what a power cut takes is sent again, and receivers drop it.
class DeliveryLog {
 public:
  // Reads what is there, and begins a new file.
  static Result<std::unique_ptr<DeliveryLog>> open(Disk& disk, std::string folder);

  const Delivered& at_opening() const { return at_opening_; }

  Result<void> add(const OutboxKey& key);
  Result<void> add(std::string_view target, std::uint64_t revision);

  // Begins a new file. Once a commit has stored the outbox as it was at this call, drop_before(the returned number) removes
  // the files that it covers.
  Result<std::uint64_t> rotate();
  Result<void> drop_before(std::uint64_t number);

 private:
  DeliveryLog(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}
  Result<void> read_all();
  void read_file(std::string_view bytes);
  Result<void> append(std::string_view entry);

  Disk& disk_;
  std::string folder_;
  Delivered at_opening_;
  std::set<std::uint64_t> numbers_;  // of the files that exist; the last is written to
  std::unique_ptr<DiskFile> file_;
  std::uint64_t end_ = 0;
};

}  // namespace doppel

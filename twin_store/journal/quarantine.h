// Where bytes that are no records are kept, and remembered by file name: a range stays known when its segment is not read again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "twin_store/journal/format.h"
#include "twin_store/journal/segment_list.h"
#include "twin_store/model/disk.h"
#include "twin_store/model/result.h"

namespace doppel {

// Thread: one at a time. Borrows: the disk.
class Quarantine {
 public:
  static Result<Quarantine> open(Disk& disk, const std::string& folder);  // of the journal

  const std::vector<QuarantinedRange>& ranges() const { return ranges_; }
  std::vector<ByteRange> of_segment(std::uint64_t number) const;  // in order

  Result<void> add_copy(const QuarantinedRange& range, std::string_view bytes);
  Result<void> move_in(const QuarantinedRange& range, const std::string& path);  // the whole file
  // Retention has removed every segment before this one.
  Result<void> drop_before(std::uint64_t segment);

 private:
  Quarantine(Disk& disk, std::string folder) : disk_(&disk), folder_(std::move(folder)) {}
  std::string path_of(const QuarantinedRange& range) const { return folder_ + "/" + quarantine_name(range); }

  Disk* disk_;
  std::string folder_;
  std::vector<QuarantinedRange> ranges_;
};

}  // namespace doppel

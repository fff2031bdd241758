// Makes segment files: allocated, all zero, and on the medium with their name, so that to begin a segment is one write.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "twin_store/model/disk.h"
#include "twin_store/model/result.h"

namespace doppel {

// Thread: any. Borrows: the disk.
class SegmentSupply {
 public:
  SegmentSupply(Disk& disk, std::string folder, std::uint64_t segment_bytes)
      : disk_(disk), folder_(std::move(folder)), segment_bytes_(segment_bytes) {}

  // Makes the file of segment `number` ahead of need. A failure is left to take(), which tries again.
  void prepare(std::uint64_t number);
  Result<std::unique_ptr<DiskFile>> take(std::uint64_t number);  // waits while that file is being prepared

  std::string path_of(std::uint64_t number) const;
  std::uint64_t segment_bytes() const { return segment_bytes_; }

 private:
  Result<std::unique_ptr<DiskFile>> make(std::uint64_t number);

  Disk& disk_;
  const std::string folder_;
  const std::uint64_t segment_bytes_;
  std::mutex mutex_;  // guards what follows; held while a file is made
  std::unique_ptr<DiskFile> spare_;
  std::uint64_t spare_number_ = 0;
};

}  // namespace doppel

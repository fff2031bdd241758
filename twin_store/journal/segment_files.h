// The segment files of a folder, by what their headers say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "twin_store/journal/format.h"
#include "twin_store/model/disk.h"
#include "twin_store/model/result.h"

namespace doppel {

struct SegmentFile {
  std::uint64_t number = 0;  // as its name says
  std::string path;
  std::uint64_t size = 0;
  bool first_copy_valid = false, second_copy_valid = false;
  SegmentHeader header;  // when a copy is valid

  bool has_header() const { return first_copy_valid || second_copy_valid; }
};

// In order of their numbers. A file that vanishes meanwhile is left out: the writer's retention took it.
// Errors: conflict (a version that this program does not read), unavailable.
Result<std::vector<SegmentFile>> find_segment_files(Disk& disk, const std::string& folder);

Result<std::string> read_whole(const DiskFile& file);
Result<std::string> read_whole(Disk& disk, const std::string& path);

// Both copies of the header.
Result<void> write_segment_header(DiskFile& file, SegmentHeader& header);

}  // namespace doppel

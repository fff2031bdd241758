#include "twin_store/journal/segment_files.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace doppel {
namespace {

Result<void> read_header(const DiskFile& file, SegmentFile& found) {
  const auto size = file.size();
  if (!size) return size.error();
  found.size = *size;
  std::string bytes(kHeaderCopyOffset + kSegmentHeaderSize, '\0');
  if (auto read = file.read_at(0, bytes.data(), bytes.size()); !read) return read.error();

  const auto accept = [&](std::uint64_t offset) -> Result<bool> {
    const auto copy = decode_segment_header(std::string_view(bytes).substr(offset, kSegmentHeaderSize));
    if (copy.state == DecodedHeader::State::other_version)
      return conflict(found.path + ": segment version " + std::to_string(copy.version) + "; this program reads version " +
                      std::to_string(kSegmentVersion));
    if (copy.state != DecodedHeader::State::valid || copy.header.number != found.number) return false;
    found.header = copy.header;
    return true;
  };
  const auto second = accept(kHeaderCopyOffset);
  if (!second) return second.error();
  const auto first = accept(0);
  if (!first) return first.error();
  found.first_copy_valid = *first;
  found.second_copy_valid = *second;
  return {};
}

}  // namespace

Result<std::vector<SegmentFile>> find_segment_files(Disk& disk, const std::string& folder) {
  const auto names = disk.list(folder);
  if (!names) return names.error();
  std::vector<SegmentFile> files;
  for (const auto& name : *names) {
    const auto number = parse_segment_name(name);
    if (!number) continue;
    SegmentFile found;
    found.number = *number;
    found.path = folder + "/" + name;
    const auto file = disk.open(found.path, Disk::Mode::open_existing);
    if (!file && file.error().code == ErrorCode::not_found) continue;
    if (!file) return file.error();
    if (auto read = read_header(**file, found); !read) return read.error();
    files.push_back(std::move(found));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return files;
}

Result<std::string> read_whole(const DiskFile& file) {
  const auto size = file.size();
  if (!size) return size.error();
  std::string bytes(*size, '\0');
  const auto read = file.read_at(0, bytes.data(), bytes.size());
  if (!read) return read.error();
  bytes.resize(*read);
  return bytes;
}

Result<std::string> read_whole(Disk& disk, const std::string& path) {
  const auto file = disk.open(path, Disk::Mode::open_existing);
  if (!file) return file.error();
  return read_whole(**file);
}

Result<void> write_segment_header(DiskFile& file, SegmentHeader& header) {
  auto bytes = encode(header);
  const auto copy = bytes;
  bytes.resize(kHeaderCopyOffset, '\0');
  return file.write_at(0, bytes + copy);
}

}  // namespace doppel

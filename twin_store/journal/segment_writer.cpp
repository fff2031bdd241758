#include "twin_store/journal/segment_writer.h"

#include <utility>

#include "twin_store/journal/segment_files.h"

namespace doppel {

Result<void> SegmentWriter::open_newest(Disk& disk) {
  newest_ = segments_->newest();
  auto file = disk.open(newest_->path, Disk::Mode::open_existing);
  if (!file) return file.error();
  file_ = std::move(*file);
  return {};
}

Result<void> SegmentWriter::begin_segment(SegmentHeader header) {
  auto file = supply_.take(header.number);
  if (!file) return file.error();
  if (auto written = write_segment_header(**file, header); !written) return written;
  if (file_) filled_.push_back(std::move(file_));
  file_ = std::move(*file);
  newest_ = std::make_shared<Segment>();
  newest_->path = supply_.path_of(header.number);
  newest_->header = std::move(header);
  newest_->size = supply_.segment_bytes();
  segments_->add(newest_);
  return {};
}

Result<void> SegmentWriter::write(const NewRecord& record, Position position, Timestamp arrival) {
  buffer_.clear();
  append_record(buffer_, record, position, arrival, newest_->header.seed);
  const std::uint64_t at = newest_->end.load(std::memory_order_relaxed);
  if (auto written = file_->write_at(at, buffer_); !written) return written;
  newest_->end.store(at + buffer_.size(), std::memory_order_release);
  return {};
}

std::vector<std::shared_ptr<DiskFile>> SegmentWriter::take_unsynced() {
  auto files = std::exchange(filled_, {});
  if (file_) files.push_back(file_);
  return files;
}

Result<void> SegmentWriter::sync() {
  for (const auto& file : take_unsynced()) {
    if (auto synced = file->sync(); !synced) return synced;
  }
  return {};
}

}  // namespace doppel

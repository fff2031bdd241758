// Finds the valid records in the bytes of a segment, and the bytes between them that are none (rule 3).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "twin_store/journal/format.h"

namespace doppel {

struct SegmentScan {
  struct BadBytes {
    std::uint64_t first = 0, last = 0;  // [first, last)
    Position before = Position::none, after = Position::none;
  };
  std::uint64_t records = 0;
  Position last = Position::none;  // before the first record: the segment's first position less one
  Timestamp last_arrival;
  std::optional<RecordKind> last_kind;
  std::optional<StartPayload> last_start;
  std::uint64_t end = kFirstRecordOffset;       // behind the last valid record
  std::uint64_t tail_end = kFirstRecordOffset;  // behind the last byte that is not zero; more than `end`: a torn tail
  std::vector<BadBytes> bad;                    // each followed by a valid record
};

using RecordVisitor = std::function<void(const Record&)>;

// `bytes` are the whole file. The cost grows with its size only, whatever the bytes are: bodies are looked at only behind a fixed part
// whose CRC is right.
SegmentScan scan_segment(std::string_view bytes, const SegmentHeader& header, const RecordVisitor& visit = {});

}  // namespace doppel

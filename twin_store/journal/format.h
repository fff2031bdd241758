// The journal's bytes: `twin_store/journal/journal_format.md` in code. Encoding and decoding only; no file, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/journal/journal.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/record.h"
#include "twin_store/model/time.h"

namespace doppel {

inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kSegmentHeaderSize = 128;
inline constexpr std::uint64_t kHeaderCopyOffset = 4096;
inline constexpr std::uint64_t kFirstRecordOffset = 8192;
inline constexpr std::size_t kRecordHeaderSize = 48;
inline constexpr std::size_t kRecordAlignment = 8;
inline constexpr std::size_t kMaxBootId = 64;
inline constexpr std::size_t kMaxTopic = 65'535;
// What a new epoch leaves between its positions and all earlier ones: more than any lost tail can have held.
inline constexpr std::uint64_t kEpochGap = std::uint64_t{1} << 32;

// The largest record, all included, that a segment of `segment_bytes` takes.
inline std::uint64_t largest_record(std::uint64_t segment_bytes) { return segment_bytes / 4; }

struct SegmentHeader {
  Epoch epoch = Epoch::first;
  std::uint64_t number = 1;
  Position first_position{1};
  Timestamp created;
  Position follows = Position::none;  // the position that the records of this segment follow
  Position settled = Position::none;
  SyncPolicy sync = SyncPolicy::interval;
  std::string boot_id;
  std::uint32_t seed = 0;  // of the records; the header's own CRC
};
// The 128 bytes; sets header.seed.
std::string encode(SegmentHeader& header);

struct DecodedHeader {
  enum class State { valid, broken, other_version };
  State state = State::broken;
  std::uint32_t version = 0;
  SegmentHeader header;  // when valid
};
DecodedHeader decode_segment_header(std::string_view bytes);

// The fixed part of a record. `size` counts everything: fixed part, headers, topic, payload, padding.
struct RecordFrame {
  Position position = Position::none;
  Timestamp arrival;
  RecordKind kind = RecordKind::message;  // may be one that this program does not know
  Delivery delivery;
  std::uint32_t payload_size = 0, headers_size = 0;
  std::uint16_t topic_size = 0;
  std::uint32_t body_crc = 0;
  std::uint64_t size = 0;
};
std::uint64_t record_size(const NewRecord& record);
void append_record(std::string& out, const NewRecord& record, Position position, Timestamp arrival, std::uint32_t seed);

// Nothing unless `bytes` begins with a fixed part whose CRC is right. Says nothing about the bytes behind it.
std::optional<RecordFrame> decode_frame(std::string_view bytes, std::uint32_t seed);
// `bytes` are the whole record.
bool is_body_intact(const RecordFrame& frame, std::string_view bytes);
// Views into `bytes`, which are the whole, intact record.
Record to_record(const RecordFrame& frame, Epoch epoch, std::string_view bytes);

struct StartPayload {
  SyncPolicy sync = SyncPolicy::interval;
  std::string boot_id;
  std::string program;
};
std::string encode(const StartPayload& start);
std::optional<StartPayload> decode_start(std::string_view payload);

std::string segment_name(std::uint64_t number);
std::optional<std::uint64_t> parse_segment_name(std::string_view name);

inline constexpr std::string_view kQuarantineFolder = "quarantine";
inline constexpr std::string_view kLockName = "LOCK";

// Bytes [first, last) of a segment that are no records, as a file name in the quarantine folder says it.
struct QuarantinedRange {
  Epoch found_in = Epoch::first;
  std::uint64_t segment = 0;
  std::uint64_t first = 0, last = 0;
};
std::string quarantine_name(const QuarantinedRange& range);
std::optional<QuarantinedRange> parse_quarantine_name(std::string_view name);

}  // namespace doppel

#include "twin_store/journal/format.h"

#include <charconv>
#include <cstdio>
#include <cstring>

#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

constexpr std::string_view kMagic{"DOPPELJ\0", 8};
constexpr std::size_t kHeaderCrcOffset = kSegmentHeaderSize - sizeof(std::uint32_t);
constexpr std::string_view kSegmentSuffix = ".segment", kQuarantineSuffix = ".bytes";

constexpr std::uint8_t kQosBits = 3, kDupBit = 4, kRetainedBit = 8;

std::uint8_t to_flags(const Delivery& delivery) {
  return static_cast<std::uint8_t>((delivery.qos & kQosBits) | (delivery.dup ? kDupBit : 0) | (delivery.retained ? kRetainedBit : 0));
}

std::uint64_t padded(std::uint64_t size) { return (size + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment; }

template <class Number>
bool take_number(std::string_view& text, Number& number, std::string_view behind) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(behind)) return false;
  text.remove_prefix(behind.size());
  return true;
}

}  // namespace

std::string encode(SegmentHeader& header) {
  std::string bytes;
  ByteWriter writer(bytes);
  const auto boot_id = std::string_view(header.boot_id).substr(0, kMaxBootId);
  writer.put_raw(kMagic);
  writer.put(kSegmentVersion);
  writer.put(header.epoch);
  writer.put(header.number);
  writer.put(header.first_position);
  writer.put(to_nanoseconds(header.created));
  writer.put(header.follows);
  writer.put(header.settled);
  writer.put(header.sync);
  writer.put(static_cast<std::uint8_t>(boot_id.size()));
  writer.put_raw(boot_id);
  bytes.resize(kHeaderCrcOffset, '\0');
  header.seed = crc32c(bytes);
  writer.put(header.seed);
  return bytes;
}

DecodedHeader decode_segment_header(std::string_view bytes) {
  DecodedHeader decoded;
  if (bytes.size() < kSegmentHeaderSize || !bytes.starts_with(kMagic)) return decoded;
  ByteReader reader(bytes.substr(kMagic.size()));
  SegmentHeader header;
  header.seed = crc32c(bytes.substr(0, kHeaderCrcOffset));
  if (ByteReader(bytes.substr(kHeaderCrcOffset)).take<std::uint32_t>() != header.seed) return decoded;
  decoded.version = reader.take<std::uint32_t>();
  decoded.state = DecodedHeader::State::other_version;
  if (decoded.version != kSegmentVersion) return decoded;
  header.epoch = reader.take<Epoch>();
  header.number = reader.take<std::uint64_t>();
  header.first_position = reader.take<Position>();
  header.created = from_nanoseconds(reader.take<std::int64_t>());
  header.follows = reader.take<Position>();
  header.settled = reader.take<Position>();
  header.sync = reader.take<SyncPolicy>();
  header.boot_id = reader.take_raw(reader.take<std::uint8_t>());
  const bool sound = header.sync <= SyncPolicy::always && header.boot_id.size() <= kMaxBootId && header.follows < header.first_position;
  decoded.state = sound ? DecodedHeader::State::valid : DecodedHeader::State::broken;
  decoded.header = std::move(header);
  return decoded;
}

std::uint64_t record_size(const NewRecord& record) {
  return padded(kRecordHeaderSize + std::uint64_t{record.headers.size()} + record.topic.size() + record.payload.size());
}

void append_record(std::string& out, const NewRecord& record, Position position, Timestamp arrival, std::uint32_t seed) {
  const auto start = out.size();
  out.reserve(start + record_size(record));
  out.resize(start + 2 * sizeof(std::uint32_t));  // both CRCs: written below
  ByteWriter writer(out);
  writer.put(position);
  writer.put(to_nanoseconds(arrival));
  writer.put(static_cast<std::uint32_t>(record.payload.size()));
  writer.put(static_cast<std::uint32_t>(record.headers.size()));
  writer.put(static_cast<std::uint16_t>(record.topic.size()));
  writer.put(record.kind);
  writer.put(to_flags(record.delivery));
  writer.put(record.delivery.session);
  writer.put(record.delivery.source);
  writer.put(record.delivery.packet_id);
  writer.put(std::uint32_t{0});  // lane, reserved
  writer.put_raw(record.headers);
  writer.put_raw(record.topic);
  writer.put_raw(record.payload);
  out.resize(start + record_size(record), '\0');

  const auto bytes = std::string_view(out).substr(start);
  const std::uint32_t body_crc = crc32c(bytes.substr(kRecordHeaderSize));
  std::memcpy(out.data() + start + sizeof body_crc, &body_crc, sizeof body_crc);
  const std::uint32_t frame_crc = crc32c(bytes.substr(sizeof body_crc, kRecordHeaderSize - sizeof body_crc), seed);
  std::memcpy(out.data() + start, &frame_crc, sizeof frame_crc);
}

std::optional<RecordFrame> decode_frame(std::string_view bytes, std::uint32_t seed) {
  if (bytes.size() < kRecordHeaderSize) return std::nullopt;
  ByteReader reader(bytes);
  const auto frame_crc = reader.take<std::uint32_t>();
  if (crc32c(bytes.substr(sizeof frame_crc, kRecordHeaderSize - sizeof frame_crc), seed) != frame_crc) return std::nullopt;
  RecordFrame frame;
  frame.body_crc = reader.take<std::uint32_t>();
  frame.position = reader.take<Position>();
  frame.arrival = from_nanoseconds(reader.take<std::int64_t>());
  frame.payload_size = reader.take<std::uint32_t>();
  frame.headers_size = reader.take<std::uint32_t>();
  frame.topic_size = reader.take<std::uint16_t>();
  frame.kind = reader.take<RecordKind>();
  const auto flags = reader.take<std::uint8_t>();
  frame.delivery.qos = flags & kQosBits;
  frame.delivery.dup = (flags & kDupBit) != 0;
  frame.delivery.retained = (flags & kRetainedBit) != 0;
  frame.delivery.session = reader.take<std::uint32_t>();
  frame.delivery.source = reader.take<std::uint16_t>();
  frame.delivery.packet_id = reader.take<std::uint16_t>();
  frame.size = padded(kRecordHeaderSize + std::uint64_t{frame.headers_size} + frame.topic_size + frame.payload_size);
  return frame;
}

bool is_body_intact(const RecordFrame& frame, std::string_view bytes) {
  return bytes.size() >= frame.size && crc32c(bytes.substr(kRecordHeaderSize, frame.size - kRecordHeaderSize)) == frame.body_crc;
}

Record to_record(const RecordFrame& frame, Epoch epoch, std::string_view bytes) {
  Record record;
  record.position = frame.position;
  record.epoch = epoch;
  record.kind = frame.kind;
  record.arrival = frame.arrival;
  record.delivery = frame.delivery;
  record.headers = bytes.substr(kRecordHeaderSize, frame.headers_size);
  record.topic = bytes.substr(kRecordHeaderSize + frame.headers_size, frame.topic_size);
  record.payload = bytes.substr(kRecordHeaderSize + frame.headers_size + frame.topic_size, frame.payload_size);
  return record;
}

std::string encode(const StartPayload& start) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(start.sync);
  writer.put_bytes(start.boot_id);
  writer.put_bytes(start.program);
  return bytes;
}

std::optional<StartPayload> decode_start(std::string_view payload) {
  ByteReader reader(payload);
  StartPayload start;
  start.sync = reader.take<SyncPolicy>();
  start.boot_id = reader.take_bytes();
  start.program = reader.take_bytes();
  if (!reader.ok() || start.sync > SyncPolicy::always) return std::nullopt;
  return start;
}

std::string segment_name(std::uint64_t number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%010llu", static_cast<unsigned long long>(number));
  return digits + std::string(kSegmentSuffix);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  std::uint64_t number = 0;
  auto text = name;
  if (!take_number(text, number, kSegmentSuffix) || !text.empty() || number == 0) return std::nullopt;
  return segment_name(number) == name ? std::optional(number) : std::nullopt;
}

std::string quarantine_name(const QuarantinedRange& range) {
  return std::to_string(to_number(range.found_in)) + '-' + std::to_string(range.segment) + '-' + std::to_string(range.first) + '-' +
         std::to_string(range.last) + std::string(kQuarantineSuffix);
}

std::optional<QuarantinedRange> parse_quarantine_name(std::string_view name) {
  std::uint32_t epoch = 0;
  QuarantinedRange range;
  if (!take_number(name, epoch, "-") || !take_number(name, range.segment, "-") || !take_number(name, range.first, "-") ||
      !take_number(name, range.last, kQuarantineSuffix) || !name.empty())
    return std::nullopt;
  range.found_in = Epoch{epoch};
  return range;
}

}  // namespace doppel

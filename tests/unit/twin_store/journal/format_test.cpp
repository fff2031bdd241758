#include "twin_store/journal/format.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace doppel {
namespace {

// Golden files hold hex digits; white space and what follows a '#' is for people.
std::string golden(const std::string& name) {
  std::ifstream file(std::string(DOPPEL_SOURCE_DIR) + "/tests/golden/journal/" + name);
  EXPECT_TRUE(file) << name;
  std::string bytes, line, digits;
  while (std::getline(file, line)) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) digits += word;
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::ostringstream out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(bytes[i])));
    out << digits << (i % 16 == 15 ? "\n" : " ");
  }
  return out.str();
}

SegmentHeader sample_header() {
  SegmentHeader header;
  header.epoch = Epoch{2};
  header.number = 7;
  header.first_position = Position{4'294'967'297};
  header.created = from_nanoseconds(1'767'225'600'000'000'000);
  header.follows = Position{1};
  header.settled = Position{12};
  header.sync = SyncPolicy::always;
  header.boot_id = "5d5f2b5e-1f6e-4f3e-9c7b-0123456789ab";
  return header;
}

NewRecord sample_record(const std::string& headers) {
  NewRecord record;
  record.kind = RecordKind::message;
  record.delivery = {.qos = 1, .dup = true, .retained = false, .packet_id = 513, .source = 3, .session = 9};
  record.headers = headers;
  record.topic = "plant/press-12";
  record.payload = R"({"temperature":21.5})";
  return record;
}

TEST(JournalFormat, a_segment_header_has_the_golden_bytes) {
  auto header = sample_header();
  const auto bytes = encode(header);
  EXPECT_EQ(bytes, golden("segment_header.hex")) << hex(bytes);
  const auto decoded = decode_segment_header(golden("segment_header.hex"));
  ASSERT_EQ(decoded.state, DecodedHeader::State::valid);
  EXPECT_EQ(decoded.header.epoch, header.epoch);
  EXPECT_EQ(decoded.header.number, header.number);
  EXPECT_EQ(decoded.header.first_position, header.first_position);
  EXPECT_EQ(decoded.header.created, header.created);
  EXPECT_EQ(decoded.header.follows, header.follows);
  EXPECT_EQ(decoded.header.settled, header.settled);
  EXPECT_EQ(decoded.header.sync, header.sync);
  EXPECT_EQ(decoded.header.boot_id, header.boot_id);
  EXPECT_EQ(decoded.header.seed, header.seed);
}

TEST(JournalFormat, a_record_has_the_golden_bytes) {
  auto header = sample_header();
  encode(header);
  std::string headers;
  append_header(headers, HeaderTag::content_type, "application/json");
  std::string bytes;
  append_record(bytes, sample_record(headers), Position{4'294'967'300}, from_nanoseconds(1'767'225'601'500'000'000), header.seed);
  EXPECT_EQ(bytes, golden("message_record.hex")) << hex(bytes);

  const auto stored = golden("message_record.hex");
  const auto frame = decode_frame(stored, header.seed);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->size, stored.size());
  EXPECT_TRUE(is_body_intact(*frame, stored));
  const auto record = to_record(*frame, header.epoch, stored);
  EXPECT_EQ(record.position, Position{4'294'967'300});
  EXPECT_EQ(record.delivery.qos, 1);
  EXPECT_TRUE(record.delivery.dup);
  EXPECT_FALSE(record.delivery.retained);
  EXPECT_EQ(record.delivery.packet_id, 513);
  EXPECT_EQ(record.delivery.source, 3);
  EXPECT_EQ(record.delivery.session, 9u);
  EXPECT_EQ(record.topic, "plant/press-12");
  EXPECT_EQ(record.payload, R"({"temperature":21.5})");
  EXPECT_EQ(find_header(record.headers, HeaderTag::content_type), "application/json");
  EXPECT_EQ(find_header(record.headers, HeaderTag::correlation), std::nullopt);
}

TEST(JournalFormat, a_start_payload_has_the_golden_bytes) {
  const auto bytes = encode(StartPayload{SyncPolicy::interval, "boot", "doppel 0.1.0"});
  EXPECT_EQ(bytes, golden("start_payload.hex")) << hex(bytes);
  const auto later = decode_start(bytes + "more of a later version");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->program, "doppel 0.1.0");
}

TEST(JournalFormat, Rule1_a_record_is_not_valid_under_another_epoch_segment_or_boot) {
  const auto original = [] {
    auto header = sample_header();
    encode(header);
    return header;
  }();
  std::string bytes;
  append_record(bytes, sample_record({}), Position{5}, Timestamp{}, original.seed);
  ASSERT_TRUE(decode_frame(bytes, original.seed));
  for (int change = 0; change < 4; ++change) {
    auto other = original;
    if (change == 0) other.epoch = Epoch{3};
    if (change == 1) other.number = 8;
    if (change == 2) other.boot_id = "another";
    if (change == 3) other.created += Duration(1);
    encode(other);
    EXPECT_FALSE(decode_frame(bytes, other.seed)) << change;
  }
}

TEST(JournalFormat, every_flipped_bit_of_a_header_or_a_record_is_noticed) {
  auto header = sample_header();
  const auto header_bytes = encode(header);
  for (std::size_t bit = 0; bit < header_bytes.size() * 8; ++bit) {
    auto broken = header_bytes;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(decode_segment_header(broken).state, DecodedHeader::State::broken) << bit;
  }
  std::string bytes;
  append_record(bytes, sample_record({}), Position{5}, Timestamp{}, header.seed);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto broken = bytes;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    const auto frame = decode_frame(broken, header.seed);
    EXPECT_FALSE(frame && is_body_intact(*frame, broken)) << bit;
  }
}

TEST(JournalFormat, names_of_files_say_what_they_are_and_others_are_left_alone) {
  EXPECT_EQ(segment_name(12), "0000000012.segment");
  EXPECT_EQ(parse_segment_name("0000000012.segment"), 12u);
  for (const auto* other : {"12.segment", "0000000000.segment", "0000000012.segment.bak", "LOCK", "", "x.segment", "-000000001.segment"})
    EXPECT_EQ(parse_segment_name(other), std::nullopt) << other;
  const auto range = parse_quarantine_name(quarantine_name({Epoch{2}, 5, 8192, 8300}));
  ASSERT_TRUE(range);
  EXPECT_EQ(range->found_in, Epoch{2});
  EXPECT_EQ(range->segment, 5u);
  EXPECT_EQ(range->first, 8192u);
  EXPECT_EQ(range->last, 8300u);
  EXPECT_FALSE(parse_quarantine_name("2-5-8192-8300.bytes.part"));
}

}  // namespace
}  // namespace doppel

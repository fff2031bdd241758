#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "broker_bridge/uplink/messages.h"

namespace doppel::uplink {
namespace {

const std::string kHash(64, 'a');

Incarnation incarnation(std::uint8_t first) {
  Incarnation result;
  result.bytes.fill(first);
  return result;
}

// One frame of every kind, with every member set.
std::vector<Frame> every_frame() {
  return {
      {7, Hello{EdgeId("north"), "emea", "0.1.0", 1, incarnation(3), 40}},
      {7, Welcome{41, 8, true, "0.1.0"}},
      {7, Refuse{RefuseCode::replaced, "another connection"}},
      {7, Rows{3, 1, incarnation(3), {{"wkey", 5, "payload"}, {"aalert", 6, ""}}}},
      {7, Receipt{incarnation(3), {{"wkey", 5}, {"aalert", 6}}}},
      {7, Credit{9}},
      {7, Heartbeat{12, 3400, 9, 77}},
      {7, Desired{77, {{FunctionName("alarm"), "name = \"alarm\"", kHash}}}},
      {7, Status{77, {{"alarm", "1.2.0", kHash, true, "refused", "why"}}, 2, "{\"twins\":3}"}},
      {7, BlobGet{kHash, 131072}},
      {7, Blob{kHash, 131072, 131075, "abc", "gone"}},
      {7, Query{99, "/api/v1/twins", "body"}},
      {7, QueryResult{99, 200, "answer"}},
      {7, AskAll{}},
  };
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string complaint(const std::string& bytes) {
  const auto frame = decode(bytes);
  return frame ? "accepted" : frame.error().message;
}

TEST(Wire, Every_message_is_read_back_as_it_was_written) {
  for (const auto& frame : every_frame()) {
    const auto back = decode(encode(frame));
    ASSERT_TRUE(back) << name_of(frame.body) << ": " << back.error().message;
    EXPECT_EQ(*back, frame) << name_of(frame.body);
  }
}

TEST(Wire, Bytes_are_those_of_the_golden_file) {
  std::ostringstream written;
  for (const auto& frame : every_frame()) written << name_of(frame.body) << ' ' << hex(encode(frame)) << '\n';
  std::ifstream file(std::string(DOPPEL_SOURCE_DIR) + "/tests/golden/uplink/frames.txt");
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(written.str(), golden.str());
}

TEST(Wire, Another_version_is_refused_by_its_number) {
  auto bytes = encode({1, Credit{1}});
  bytes[0] = 2;
  EXPECT_EQ(complaint(bytes), "a frame of version 2, this program speaks version 1");
  EXPECT_EQ(complaint(""), "an empty frame");
}

TEST(Wire, A_body_that_a_newer_version_added_is_unknown_and_no_error) {
  const std::string bytes("\x01\x08\x07\xfa\x07\x02hi", 8);  // session 7, then field 127
  const auto frame = decode(bytes);
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(frame->session, 7u);
  EXPECT_TRUE(std::holds_alternative<Unknown>(frame->body));
}

TEST(Wire, A_field_that_a_newer_version_added_is_ignored) {
  auto bytes = encode({0, Credit{9}});                // 01, then field 7 of two bytes: 3a 02 08 09
  ASSERT_EQ(bytes, std::string("\x01\x3a\x02\x08\x09", 5));
  bytes = std::string("\x01\x3a\x04\x08\x09\x78\x05", 7);  // with a field 15 in it
  const auto frame = decode(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(std::get<Credit>(frame->body).allowed, 9u);
}

TEST(Wire, Limits_are_named_with_the_value_that_broke_them) {
  EXPECT_EQ(complaint(std::string(kMaxFrame + 1, '\x01')), "a frame of 1048577 bytes, the limit is 1048576");
  EXPECT_EQ(complaint(encode({1, Rows{1, 0, incarnation(1), {{std::string(kMaxKey + 1, 'w'), 1, ""}}}})),
            "ROWS: a key has 2049 bytes, the limit is 2048");
  EXPECT_EQ(complaint(encode({1, Rows{1, 0, incarnation(1), {{"w", 1, std::string(kMaxPayload + 1, 'x')}}}})),
            "ROWS: a payload has 524289 bytes, the limit is 524288");
  EXPECT_EQ(complaint(encode({1, Rows{1, 0, incarnation(1), {{"", 1, "x"}}}})), "ROWS: a key is empty");
  EXPECT_EQ(complaint(encode({1, Hello{EdgeId("Not A Name"), "", "", 0, incarnation(1), 0}})),
            "HELLO: the edge is not a name of 1 to 63 characters of [a-z0-9-_]");
  EXPECT_EQ(complaint(encode({1, BlobGet{"../../etc/passwd", 0}})), "BLOB_GET: a hash is not 64 lower-case hex digits");
  EXPECT_EQ(complaint(encode({1, Rows{1, 0, incarnation(1), std::vector<Row>(kMaxRows + 1, Row{"w", 1, ""})}})),
            "ROWS: 4097 rows, the limit is 4096");
}

TEST(Wire, Many_tiny_fields_are_refused_before_they_are_parsed) {
  std::string body;
  for (std::size_t i = 0; i < kMaxFields; ++i) body += std::string("\x22\x00", 2);  // an empty row of two bytes
  std::string bytes = "\x01\x2a";                                                   // field 5, ROWS
  for (std::size_t size = body.size(); size > 0; size >>= 7) bytes += static_cast<char>((size & 127) | (size > 127 ? 128 : 0));
  EXPECT_EQ(complaint(bytes + body), "a frame of more than 8192 fields");
}

TEST(Wire, Any_damage_is_an_error_or_another_frame_and_never_a_crash) {
  std::mt19937_64 random(1);
  for (const auto& frame : every_frame()) {
    const auto sound = encode(frame);
    for (int round = 0; round < 2'000; ++round) {
      auto bytes = sound;
      for (auto n = random() % 4 + 1; n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
      bytes.resize(random() % (bytes.size() + 8));
      const auto back = decode(bytes);
      if (back) {
        EXPECT_TRUE(decode(encode(*back)));
      }
    }
  }
}

}  // namespace
}  // namespace doppel::uplink

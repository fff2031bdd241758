#include "edge_runtime/http/url.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

using Segments = std::vector<std::string>;
using Query = std::vector<NameValue>;

TEST(Url, An_encoded_slash_stays_inside_its_segment) {
  const auto target = parse_target("/api/v1/twins/plant%2Fline1%2fmotor%207");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (Segments{"api", "v1", "twins", "plant/line1/motor 7"}));
  EXPECT_EQ(target->path, "/api/v1/twins/plant%2Fline1%2fmotor%207");
}

TEST(Url, Encoding_and_decoding_give_the_text_back_whatever_its_bytes) {
  std::string bytes;
  for (int byte = 1; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  const auto decoded = percent_decode(percent_encode(bytes));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, bytes);
  EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
}

TEST(Url, A_percent_sign_without_two_hex_digits_is_refused_with_its_place) {
  for (const auto* text : {"%", "ab%4", "%zz", "%4g"}) EXPECT_FALSE(percent_decode(text)) << text;
  EXPECT_EQ(percent_decode("ab%4").error().message, "'%' at byte 2 is not followed by two hex digits");
}

TEST(Url, An_encoded_zero_byte_is_refused) { EXPECT_FALSE(parse_target("/twins/a%00b")); }

TEST(Url, Query_parameters_are_decoded_and_may_repeat_or_have_no_value) {
  const auto target = parse_target("/t?a=1&b=x%26y+z&a=2&flag&=v&&c=");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query, (Query{{"a", "1"}, {"b", "x&y z"}, {"a", "2"}, {"flag", ""}, {"", "v"}, {"c", ""}}));
}

TEST(Url, Absolute_form_means_its_path) {
  const auto target = parse_target("http://example.com:80/a/b?c=d");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (Segments{"a", "b"}));
  EXPECT_EQ(parse_target("http://example.com")->path, "/");
}

TEST(Url, A_target_that_is_no_path_is_refused) {
  EXPECT_FALSE(parse_target(""));
  EXPECT_FALSE(parse_target("twins"));
  EXPECT_FALSE(parse_target("?a=b"));
}

TEST(Url, Dots_and_empty_segments_are_kept_as_they_are) {
  EXPECT_EQ(parse_target("/a/../b//c/")->segments, (Segments{"a", "..", "b", "", "c", ""}));
}

}  // namespace
}  // namespace doppel

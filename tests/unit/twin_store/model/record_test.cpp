#include "twin_store/model/record.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(RecordHeaders, the_first_value_under_a_tag_is_found) {
  std::string headers;
  append_header(headers, HeaderTag::user_property, std::string_view("a\0" "1", 3));
  append_header(headers, HeaderTag::content_type, "");
  append_header(headers, HeaderTag::user_property, std::string_view("b\0" "2", 3));
  EXPECT_EQ(find_header(headers, HeaderTag::user_property), std::string_view("a\0" "1", 3));
  EXPECT_EQ(find_header(headers, HeaderTag::content_type), "");
  EXPECT_EQ(find_header(headers, HeaderTag::correlation), std::nullopt);
  EXPECT_EQ(find_header("", HeaderTag::correlation), std::nullopt);
}

TEST(RecordHeaders, bytes_that_are_no_headers_hold_nothing) {
  std::string headers;
  append_header(headers, HeaderTag::correlation, "abc");
  for (std::size_t size = 0; size < headers.size(); ++size)
    EXPECT_EQ(find_header(std::string_view(headers).substr(0, size), HeaderTag::correlation), std::nullopt) << size;
}

TEST(RecordKinds, every_kind_has_a_name) {
  for (int kind = 1; kind <= kLastRecordKind; ++kind) EXPECT_NE(to_string(static_cast<RecordKind>(kind)), "unknown") << kind;
  EXPECT_EQ(to_string(static_cast<RecordKind>(kLastRecordKind + 1)), "unknown");
}

}  // namespace
}  // namespace doppel

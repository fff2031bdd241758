#include "edge_runtime/http/media.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(Media, The_type_is_compared_without_parameters_and_case) {
  EXPECT_EQ(media_type("Application/JSON; charset=utf-8"), "application/json");
  EXPECT_EQ(media_type(" text/html "), "text/html");
}

TEST(Media, A_parameter_may_be_quoted_and_hold_separators) {
  EXPECT_EQ(media_parameter(R"(form-data; name="a;b=\"c"; filename=x)", "name"), R"(a;b="c)");
  EXPECT_EQ(media_parameter(R"(form-data; name="a"; FileName=x)", "filename"), "x");
  EXPECT_EQ(media_parameter("form-data", "name"), std::nullopt);
}

TEST(Media, Without_an_Accept_header_everything_is_accepted) {
  EXPECT_TRUE(accepts(std::nullopt, "application/json"));
  EXPECT_TRUE(accepts("", "application/json"));
}

TEST(Media, The_most_specific_range_decides) {
  EXPECT_TRUE(accepts("text/html, application/*;q=0.5", "application/json"));
  EXPECT_TRUE(accepts("*/*", "application/json"));
  EXPECT_FALSE(accepts("text/html, image/*", "application/json"));
  EXPECT_FALSE(accepts("application/json;q=0, */*", "application/json"));
  EXPECT_TRUE(accepts("*/*;q=0, application/json;q=0.001", "application/json"));
}

TEST(Media, Gzip_is_sent_only_to_those_who_ask_for_it) {
  EXPECT_FALSE(accepts_gzip(std::nullopt));
  EXPECT_TRUE(accepts_gzip("gzip, deflate, br"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0, *"));
  EXPECT_FALSE(accepts_gzip("identity"));
}

TEST(Media, Broken_quotes_end_with_the_text) {
  EXPECT_EQ(media_parameter("form-data; name=\"a", "name"), "\"a");
  EXPECT_EQ(media_parameter("form-data; name=\"", "name"), "\"");
  EXPECT_FALSE(accepts("\"", "application/json"));
}

}  // namespace
}  // namespace doppel

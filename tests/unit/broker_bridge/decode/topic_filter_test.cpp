#include "broker_bridge/decode/topic_filter.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(TopicFilter, matches_level_by_level) {
  EXPECT_TRUE(matches("a/b", "a/b"));
  EXPECT_FALSE(matches("a/b", "a/b/c"));
  EXPECT_FALSE(matches("a/b/c", "a/b"));
  EXPECT_FALSE(matches("a/b", "A/b"));
  EXPECT_TRUE(matches("/", "/"));
  EXPECT_FALSE(matches("a", "/a"));
}

TEST(TopicFilter, plus_takes_exactly_one_level_even_an_empty_one) {
  EXPECT_TRUE(matches("a/+/c", "a/b/c"));
  EXPECT_TRUE(matches("+/+", "/finance"));
  EXPECT_TRUE(matches("a/+", "a/"));
  EXPECT_FALSE(matches("a/+", "a"));
  EXPECT_FALSE(matches("a/+", "a/b/c"));
}

TEST(TopicFilter, hash_takes_the_rest_and_its_parent) {
  EXPECT_TRUE(matches("#", "a/b/c"));
  EXPECT_TRUE(matches("a/#", "a"));
  EXPECT_TRUE(matches("a/#", "a/b/c"));
  EXPECT_FALSE(matches("a/#", "ab"));
  EXPECT_TRUE(matches("+/#", "a"));
}

TEST(TopicFilter, a_wildcard_in_front_does_not_see_topics_of_the_broker) {
  EXPECT_FALSE(matches("#", "$SYS/broker/uptime"));
  EXPECT_FALSE(matches("+/broker/uptime", "$SYS/broker/uptime"));
  EXPECT_TRUE(matches("$SYS/#", "$SYS/broker/uptime"));
}

TEST(TopicFilter, overlap_is_found_when_one_topic_matches_both) {
  EXPECT_TRUE(overlap("a/+", "+/b"));
  EXPECT_TRUE(overlap("#", "a/b"));
  EXPECT_TRUE(overlap("a/#", "a"));
  EXPECT_TRUE(overlap("a/+/c", "a/b/#"));
  EXPECT_FALSE(overlap("a/+", "b/+"));
  EXPECT_FALSE(overlap("a/+", "a/b/c"));
  EXPECT_FALSE(overlap("#", "$SYS/#"));
}

TEST(TopicFilter, Rule15_filters_that_no_broker_should_see_are_refused_by_name) {
  EXPECT_TRUE(check_topic_filter("plant/+/device/#"));
  EXPECT_FALSE(check_topic_filter(""));
  EXPECT_FALSE(check_topic_filter("a/#/b"));
  EXPECT_FALSE(check_topic_filter("a/b+"));
  EXPECT_FALSE(check_topic_filter("a\xff"));
  const auto shared = check_topic_filter("$share/group/a");
  ASSERT_FALSE(shared);
  EXPECT_NE(shared.error().message.find("order"), std::string::npos);
}

TEST(TopicFilter, a_topic_to_publish_to_has_no_wildcard) {
  EXPECT_TRUE(check_topic("plant/a/pump"));
  EXPECT_FALSE(check_topic("plant/+/pump"));
  EXPECT_FALSE(check_topic(std::string_view("a\0b", 3)));
  EXPECT_FALSE(check_topic(std::string(70'000, 'x')));
}

}  // namespace
}  // namespace doppel

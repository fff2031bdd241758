#include "broker_bridge/decode/event_time.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

constexpr std::int64_t kSecond = 1'700'000'000;
const Timestamp kTime = from_nanoseconds(kSecond * 1'000'000'000);

TEST(EventTime, tells_the_unit_of_a_number_by_its_size) {
  EXPECT_EQ(plausible_time(ValueView::of(kSecond)), kTime);
  EXPECT_EQ(plausible_time(ValueView::of(kSecond * 1000 + 5)), kTime + std::chrono::milliseconds(5));
  EXPECT_EQ(plausible_time(ValueView::of(kSecond * 1'000'000 + 5)), kTime + std::chrono::microseconds(5));
  EXPECT_EQ(plausible_time(ValueView::of(kSecond * 1'000'000'000 + 5)), kTime + std::chrono::nanoseconds(5));
}

TEST(EventTime, keeps_microseconds_of_a_number_with_a_fraction) {
  EXPECT_EQ(plausible_time(ValueView::of(1'700'000'000.123456)), kTime + std::chrono::microseconds(123456));
  EXPECT_EQ(plausible_time(ValueView::of(1'700'000'000'250.5)), kTime + std::chrono::microseconds(250500));
}

TEST(EventTime, reads_rfc_3339_text) {
  EXPECT_EQ(plausible_time(ValueView::text("2023-11-14T22:13:20Z")), kTime);
  EXPECT_EQ(plausible_time(ValueView::text("2023-11-14T23:13:20+01:00")), kTime);
}

TEST(EventTime, does_not_believe_times_outside_2000_to_2099) {
  EXPECT_TRUE(plausible_time(ValueView::of(std::int64_t{946'684'800})));
  EXPECT_FALSE(plausible_time(ValueView::of(std::int64_t{946'684'799})));
  EXPECT_FALSE(plausible_time(ValueView::of(std::int64_t{4'102'444'800})));
  EXPECT_FALSE(plausible_time(ValueView::of(std::int64_t{0})));
  EXPECT_FALSE(plausible_time(ValueView::of(std::int64_t{-1'700'000'000})));
  EXPECT_FALSE(plausible_time(ValueView::of(INT64_MIN)));
  EXPECT_FALSE(plausible_time(ValueView::text("1999-12-31T23:59:59Z")));
}

TEST(EventTime, does_not_take_other_values_for_times) {
  EXPECT_FALSE(plausible_time(ValueView::null()));
  EXPECT_FALSE(plausible_time(ValueView::boolean(true)));
  EXPECT_FALSE(plausible_time(ValueView::text("yesterday")));
  EXPECT_FALSE(plausible_time(ValueView::of(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_FALSE(plausible_time(ValueView::of(std::numeric_limits<double>::infinity())));
  EXPECT_FALSE(plausible_time(ValueView::of(1e300)));
  EXPECT_FALSE(plausible_time(ValueView::json("99999999999999999999")));
}

}  // namespace
}  // namespace doppel

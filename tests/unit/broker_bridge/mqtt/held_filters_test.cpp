#include "broker_bridge/mqtt/held_filters.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/faulty_disk.h"

namespace doppel {
namespace {

using Filters = HeldFilters::Filters;

class Held : public testing::Test {
 protected:
  std::unique_ptr<HeldFilters> open() { return std::move(HeldFilters::open(disk_, "filters")).value(); }
  Filters begin(const std::string& client, const Filters& wanted) { return std::move(open()->begin(client, wanted)).value(); }

  FaultyDisk disk_;
};

TEST_F(Held, What_an_earlier_configuration_subscribed_to_is_retired_until_the_session_is_settled) {
  EXPECT_EQ(begin("a", {"x/#", "y/#"}), Filters());
  EXPECT_EQ(begin("a", {"y/#", "z"}), Filters{"x/#"});
  EXPECT_EQ(begin("a", {"w"}), (Filters{"x/#", "y/#", "z"}));
  ASSERT_TRUE(open()->settle("a", {"w"}));
  EXPECT_EQ(begin("a", {"v"}), Filters{"w"});
}

TEST_F(Held, Each_client_has_a_session_of_its_own) {
  begin("a", {"x"});
  EXPECT_EQ(begin("b", {"y"}), Filters());
  EXPECT_EQ(begin("a", {"y"}), Filters{"x"});
}

TEST_F(Held, A_filter_is_on_disk_before_anybody_subscribes_to_it) {
  begin("a", {"x"});
  disk_.cut_power();
  EXPECT_EQ(begin("a", {"y"}), Filters{"x"});
}

TEST_F(Held, What_cannot_be_noted_is_an_error_and_nothing_that_was_noted_is_lost) {
  begin("a", {"x"});
  const auto before = disk_.calls();
  ASSERT_TRUE(open()->begin("a", {"y"}));
  const auto calls = disk_.calls() - before;
  ASSERT_TRUE(open()->settle("a", {"x"}));
  for (std::uint64_t call = 1; call <= calls; ++call) {
    disk_.fail_from(call, ENOSPC);
    const auto held = HeldFilters::open(disk_, "filters");
    const bool failed = !held || !(*held)->begin("a", {"y"});
    disk_.heal();
    EXPECT_TRUE(failed) << call;
    disk_.cut_power(call);
    EXPECT_TRUE(begin("a", {"z"}).contains("x")) << call;
    ASSERT_TRUE(open()->settle("a", {"x"}));
  }
}

TEST_F(Held, A_file_that_does_not_decode_is_named) {
  begin("a", {"x"});
  disk_.set_content("filters", disk_.content("filters") + "?");
  const auto held = HeldFilters::open(disk_, "filters");
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, ErrorCode::corrupt_data);
  EXPECT_EQ(held.error().message.find("filters does not decode"), 0u);
  disk_.set_content("filters", "\x02");
  EXPECT_FALSE(HeldFilters::open(disk_, "filters")) << "another version";
}

}  // namespace
}  // namespace doppel

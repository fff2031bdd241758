#include "edge_runtime/programs/lane_pulse.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(LanePulse, A_lane_that_is_silent_for_longer_than_stated_hangs_until_it_answers) {
  ManualClock clock(from_nanoseconds(0));
  LanePulse pulse(clock);
  clock.advance(LanePulse::kMostSilence);
  EXPECT_TRUE(pulse.check());
  clock.advance(std::chrono::seconds(12));
  EXPECT_EQ(pulse.check().error().message, "the lane has not answered for 42 s; it is taken to hang after 30 s");
  pulse.beat();
  EXPECT_TRUE(pulse.check());
}

}  // namespace
}  // namespace doppel

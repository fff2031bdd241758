#include "broker_bridge/sim/simulation.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

// `count` messages, all due at once.
class Burst final : public MessageStream {
 public:
  explicit Burst(int count) : left_(count) {}
  bool next(SimMessage& message) override {
    message.topic = "a";
    return left_-- > 0;
  }
  std::uint64_t lost() const override { return 3; }

 private:
  int left_;
};

class CountingSender final : public Sender {
 public:
  Result<void> send(const SimMessage&, const std::stop_token&) override {
    if (sent_ == fail_at_) return unavailable("broker is away");
    if (++sent_ == stop_at_) stop.request_stop();
    return {};
  }
  Result<void> finish(const std::stop_token&) override { return finished_ = true, Result<void>(); }
  SenderCounts counts() const override { return {sent_, 1}; }

  std::uint64_t sent_ = 0, fail_at_ = ~0u, stop_at_ = 0;
  bool finished_ = false;
  std::stop_source stop;
};

TEST(Simulation, sends_everything_and_reports_it) {
  Burst burst(100);
  CountingSender sender;
  const auto report = run_stream(burst, sender, 1, {}, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sent, 100u);
  EXPECT_EQ(report->failed, 1u);
  EXPECT_EQ(report->lost, 3u);
  EXPECT_TRUE(sender.finished_);
}

TEST(Simulation, being_stopped_is_a_good_end) {
  Burst burst(100);
  CountingSender sender;
  sender.stop_at_ = 10;
  const auto report = run_stream(burst, sender, 1, sender.stop.get_token(), {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sent, 10u);
}

TEST(Simulation, a_broker_that_stays_away_is_an_error) {
  Burst burst(100);
  CountingSender sender;
  sender.fail_at_ = 5;
  EXPECT_EQ(run_stream(burst, sender, 1, {}, {}).error().message, "broker is away");
}

TEST(Simulation, a_fast_scenario_begins_in_the_past_so_that_no_event_is_ahead_of_its_arrival) {
  const Timestamp now = from_nanoseconds(1'700'000'000'000'000'000);
  Scenario scenario;
  EXPECT_EQ(beginning_of(scenario, now), now);
  scenario.duration = std::chrono::hours(10);
  scenario.speed = 10;
  EXPECT_EQ(beginning_of(scenario, now), now - std::chrono::hours(9));
}

}  // namespace
}  // namespace doppel

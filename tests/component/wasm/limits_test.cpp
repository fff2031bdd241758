// A function can touch only what it was granted, and cannot outlive its fuel, memory or output: promise 5.
#include <map>

#include "tests/component/wasm/engine_fixture.h"

namespace doppel {
namespace {

class LimitsTest : public EngineTest {
 protected:
  // Runs the guest that does what a topic says: one run, one event a topic.
  const RunResult& misbehave(const std::vector<std::string>& topics, const Manifest& wanted) {
    if (misbehaving_ == nullptr) misbehaving_ = runner("misbehave", wanted);
    builder_ = std::make_unique<RunBuilder>(wanted);
    builder_->begin();
    RunEvent event;
    event.twin = builder_->add_twin("t", "");
    for (const std::string& topic : topics) {
      event.topic = topic;
      builder_->add_event(event, {});
    }
    misbehaving_->run(builder_->finish(), result_);
    return result_;
  }
  const RunResult& misbehave(const std::string& topic) { return misbehave({topic}, plain_); }

  // Runs a guest that looks at the id of its first twin.
  const RunResult& raw(const std::string& guest_name, const std::string& twin) {
    const Manifest wanted = manifest();
    const auto loaded = runner(guest_name, wanted);
    RunBuilder builder(wanted);
    builder.begin();
    RunEvent event;
    event.twin = builder.add_twin(twin, "");
    builder.add_event(event, {});
    loaded->run(builder.finish(), result_);
    return result_;
  }

  const Manifest plain_ = manifest("state_bytes = 8");
  std::unique_ptr<Runner> misbehaving_;
  std::unique_ptr<RunBuilder> builder_;
  RunResult result_;
};

TEST_F(LimitsTest, Abi11_a_spin_ends_when_its_fuel_is_spent_at_the_same_figure_every_time) {
  const auto& result = misbehave("spin");
  EXPECT_EQ(result.outcome, RunOutcome::exceeded_fuel);
  EXPECT_EQ(result.reason, "all of its fuel is spent, limits.fuel = 5000000");
  EXPECT_NE(result.backtrace.find("on_event"), std::string::npos) << result.backtrace;
  const std::uint64_t first = result.fuel;
  EXPECT_GE(first, 4'999'000u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(misbehave("spin").fuel, first);
}

TEST_F(LimitsTest, Abi11_good_work_burns_the_same_fuel_every_time) {
  const std::uint64_t first = misbehave("nothing").fuel;
  EXPECT_GT(first, 0u);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(misbehave("nothing").fuel, first);
}

TEST_F(LimitsTest, Abi8_a_run_has_the_fuel_of_one_event) {
  const std::uint64_t one = misbehave("nothing").fuel;
  Manifest tight = plain_;
  tight.limits.fuel = one;
  misbehaving_.reset();
  EXPECT_EQ(misbehave({"nothing"}, tight).outcome, RunOutcome::ok);
  EXPECT_EQ(misbehave({"nothing", "nothing"}, tight).outcome, RunOutcome::exceeded_fuel);
}

TEST_F(LimitsTest, Abi8_progress_names_the_event_at_work_and_nothing_of_a_failed_run_is_kept) {
  const auto& result = misbehave({"nothing", "nothing", "trap", "nothing"}, plain_);
  EXPECT_EQ(result.outcome, RunOutcome::trap);
  EXPECT_EQ(result.reason, "unreachable code reached");
  EXPECT_EQ(result.progress, 2u);
  EXPECT_TRUE(result.effects.empty());
  EXPECT_TRUE(result.decoded.empty());
  EXPECT_EQ(builder_->state(0), std::string(8, '\0'));
}

TEST_F(LimitsTest, A_run_after_a_failed_one_starts_afresh) {
  misbehave("trap");
  const auto& result = misbehave("nothing");
  EXPECT_EQ(result.outcome, RunOutcome::ok) << result.reason;
  EXPECT_EQ(builder_->state(0), std::string("\1\0\0\0\0\0\0\0", 8));
  EXPECT_TRUE(result.reason.empty());
  EXPECT_TRUE(result.backtrace.empty());
}

TEST_F(LimitsTest, Traps_say_what_happened_and_where) {
  EXPECT_EQ(misbehave("divide").reason, "integer division by zero");
  EXPECT_EQ(misbehave("outside").reason, "access outside its memory");
  EXPECT_NE(result_.backtrace.find("on_event"), std::string::npos) << result_.backtrace;
}

TEST_F(LimitsTest, Memory_ends_at_its_limit) {
  const auto& result = misbehave("grow");
  EXPECT_EQ(result.outcome, RunOutcome::exceeded_memory);
  EXPECT_EQ(result.memory_bytes, 1u << 20);
  EXPECT_EQ(result.reason, "unreachable code reached, with all of 1048576 bytes of memory in use");
}

TEST_F(LimitsTest, Effects_that_fill_all_memory_end_the_run) {
  EXPECT_EQ(misbehave("endless output").outcome, RunOutcome::exceeded_fuel);
  Manifest rich = plain_;
  rich.limits.fuel = 1'000'000'000;
  rich.limits.memory_bytes = 256u << 10;
  misbehaving_.reset();
  EXPECT_EQ(misbehave({"much output"}, rich).outcome, RunOutcome::exceeded_memory);
  EXPECT_EQ(result_.reason, "doppel_run says that it is out of memory");
}

TEST_F(LimitsTest, Output_beyond_its_limit_is_refused_with_both_figures) {
  const auto& result = misbehave("much output");
  EXPECT_EQ(result.outcome, RunOutcome::exceeded_output);
  EXPECT_NE(result.reason.find("limits.output allows 65536"), std::string::npos) << result.reason;
  EXPECT_EQ(builder_->state(0), std::string(8, '\0'));
}

TEST_F(LimitsTest, Abi9_a_stack_overflow_is_a_failure_of_the_host) {
  const auto& result = misbehave("recurse");
  EXPECT_EQ(result.outcome, RunOutcome::host_failure) << result.reason;
  EXPECT_NE(result.reason.find("stack overflow"), std::string::npos);
  EXPECT_LT(result.backtrace.size(), 8192u);
}

TEST_F(LimitsTest, A_shadow_stack_that_overflows_traps_and_overwrites_nothing) {
  EXPECT_EQ(misbehave("shadow stack").outcome, RunOutcome::trap) << result_.reason;
  EXPECT_EQ(result_.reason, "access outside its memory");
}

TEST_F(LimitsTest, A_run_larger_than_half_the_memory_is_refused_before_it_starts) {
  const Manifest small = manifest("payload = true", "[limits]\nmemory = '64KiB'\n");
  const auto loaded = runner("raw", small);
  RunBuilder builder(small);
  builder.begin();
  RunEvent event;
  event.twin = builder.add_twin("t", "");
  const std::string payload(40'000, 'x');
  event.payload = payload;
  builder.add_event(event, {});
  loaded->run(builder.finish(), result_);
  EXPECT_EQ(result_.outcome, RunOutcome::exceeded_memory);
  EXPECT_EQ(result_.fuel, 0u);
  EXPECT_NE(result_.reason.find("half of limits.memory is 32768"), std::string::npos) << result_.reason;
}

TEST_F(LimitsTest, An_arena_without_room_or_at_a_bad_address_is_refused) {
  EXPECT_EQ(raw("raw", std::string(20'000, 'x')).outcome, RunOutcome::exceeded_memory);
  EXPECT_TRUE(raw("arena", "t").reason.starts_with("doppel_arena answered 1025, ")) << result_.reason;
  EXPECT_EQ(result_.outcome, RunOutcome::bad_effects);
  EXPECT_EQ(raw("arena", std::string(1'000, 'x')).outcome, RunOutcome::bad_effects);
}

TEST_F(LimitsTest, Abi7_effects_that_are_not_a_list_are_refused_with_the_reason) {
  EXPECT_EQ(raw("raw", "no list").outcome, RunOutcome::ok);
  EXPECT_EQ(raw("raw", "an empty list").outcome, RunOutcome::ok);
  EXPECT_EQ(raw("raw", "header destroyed").outcome, RunOutcome::ok);
  for (const char* way : {"outside", "misaligned", "garbage", "past the end", "too many", "too short"}) {
    EXPECT_EQ(raw("raw", way).outcome, RunOutcome::bad_effects) << way;
    EXPECT_FALSE(result_.reason.empty()) << way;
    EXPECT_TRUE(result_.effects.empty()) << way;
  }
  EXPECT_EQ(raw("raw", "too long").outcome, RunOutcome::exceeded_output);
  EXPECT_EQ(raw("raw", "out of memory").outcome, RunOutcome::exceeded_memory);
}

TEST_F(LimitsTest, Abi7_effects_outside_the_rules_are_refused_by_index_and_kind) {
  EXPECT_EQ(misbehave("wrong topic").outcome, RunOutcome::bad_effects);
  EXPECT_EQ(result_.reason, "effect 0 (publish): this kind cannot have that target");
  EXPECT_EQ(misbehave("bad text").outcome, RunOutcome::bad_effects);
}

TEST_F(LimitsTest, A_column_that_was_not_declared_is_named_in_the_log_of_the_failed_run) {
  EXPECT_EQ(misbehave("undeclared column").outcome, RunOutcome::trap);
  ASSERT_EQ(result_.log.size(), 1u);
  EXPECT_EQ(result_.log[0].text, "not in the reads of function.toml: undeclared");
  EXPECT_EQ(result_.log[0].level, 0);
}

TEST_F(LimitsTest, Abi2_the_log_is_capped_and_cannot_read_outside_memory) {
  EXPECT_EQ(misbehave("log").outcome, RunOutcome::ok);
  EXPECT_EQ(result_.log.size(), 100u);
  EXPECT_EQ(misbehave("log outside").outcome, RunOutcome::trap);
  EXPECT_EQ(result_.reason, "access outside its memory");
  EXPECT_TRUE(result_.log.empty());
}

TEST_F(LimitsTest, Bulk_instructions_burn_fuel_by_the_byte) {
  const Manifest wanted = manifest("reads = ['value: f64']");
  const auto loaded = runner("bulk", wanted);
  const auto fuel_for = [&](double bytes) {
    RunBuilder builder(wanted);
    builder.begin();
    RunEvent event;
    event.twin = builder.add_twin("t", "");
    builder.add_event(event, std::vector{ValueView::of(bytes)});
    loaded->run(builder.finish(), result_);
    EXPECT_EQ(result_.outcome, RunOutcome::ok) << result_.reason;
    return result_.fuel;
  };
  EXPECT_GE(fuel_for(200'000), fuel_for(1'000) + 199'000);
}

TEST_F(LimitsTest, Promise3_every_NaN_has_the_same_bits) {
  const Manifest wanted = manifest("reads = ['value: f64']");
  const auto loaded = runner("floats", wanted);
  RunBuilder builder(wanted);
  builder.begin();
  RunEvent event;
  event.twin = builder.add_twin("t", "");
  builder.add_event(event, std::vector{ValueView::of(0.0)});
  loaded->run(builder.finish(), result_);
  ASSERT_EQ(result_.outcome, RunOutcome::ok) << result_.reason;
  ASSERT_EQ(result_.decoded.size(), 4u);
  for (const Effect& effect : result_.decoded) {
    EXPECT_TRUE(effect.value == ValueView::of(std::int64_t{0x7ff8'0000'0000'0000}))
        << effect.name << " " << std::hex << effect.value.integer;
  }
}

TEST_F(LimitsTest, Promise3_fuel_and_outcomes_are_the_same_however_much_address_space_there_is) {
  std::map<std::string, std::uint64_t> fuel;
  for (const char* plan : {"pool-64x4GiB", "pool-16x64MiB", "on-demand"}) {
    WasmOptions narrow = options();
    narrow.memory_plan = plan;
    open_engine(narrow);
    misbehaving_.reset();
    for (const char* topic : {"nothing", "spin", "outside", "grow", "much output", "recurse"}) {
      const auto& result = misbehave(topic);
      const std::string what = std::string(topic) + " -> " + std::string(to_string(result.outcome)) + " " + result.reason;
      if (std::string_view(topic) == "recurse") continue;  // how deep it gets is the host's affair
      const auto [known, is_new] = fuel.emplace(what, result.fuel);
      EXPECT_EQ(known->second, result.fuel) << plan << ": " << what;
    }
  }
  EXPECT_EQ(fuel.size(), 5u);
}

TEST_F(LimitsTest, A_memory_plan_that_there_is_not_is_refused_with_those_there_are) {
  WasmOptions unknown = options();
  unknown.memory_plan = "huge";
  const auto engine = WasmEngine::open(unknown, *blobs_);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().message, "memory plan \"huge\" is not one of pool-64x4GiB, pool-32x4GiB, pool-16x64MiB, on-demand");
}

TEST_F(LimitsTest, Meters_are_filled) {
  const auto& result = misbehave("nothing");
  EXPECT_GT(result.start.count(), 0);
  EXPECT_GT(result.run.count(), 0);
  EXPECT_GT(result.fuel, 0u);
  EXPECT_GE(result.memory_bytes, 64u << 10);
}

}  // namespace
}  // namespace doppel

// What a function written with the SDK sees, and what the host gets back from it.
#include "tests/component/wasm/engine_fixture.h"

namespace doppel {
namespace {

using SdkTest = EngineTest;

std::string json(const ValueView& value) {
  std::string out;
  append_json(out, value);
  return out;
}

// One line an effect: "set f64 = 1.5".
std::vector<std::string> lines(const RunResult& result) {
  std::vector<std::string> out;
  for (const Effect& effect : result.decoded) {
    std::string line(to_string(effect.kind));
    if (!effect.name.empty()) line += " " + std::string(effect.name);
    if (!effect.target.empty()) line += " -> " + std::string(effect.target);
    if (effect.value.kind != ValueKind::null) line += " = " + json(effect.value);
    if (effect.detail != 0) line += " (" + std::to_string(effect.detail) + ")";
    out.push_back(line);
  }
  return out;
}

Manifest everything_manifest() {
  auto parsed = parse_manifest(R"(
    name = "everything"
    version = "1"
    reads = ["f64: f64", "i64: i64", "bool: bool", "string: string", "twin.f64: f64"]
    payload = true
    [[trigger]]
    topic = "#"
    [config]
    gain = 2.5
    steps = 7
    on = true
    mode = "fast"
  )");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(parsed).value();
}

TEST_F(SdkTest, Abi4_and_abi5_a_function_sees_each_column_and_each_fact_of_an_event) {
  const Manifest wanted = everything_manifest();
  const auto runner = this->runner("everything", wanted);
  RunBuilder builder(wanted);
  builder.begin();
  RunEvent event;
  event.time = from_nanoseconds(1'700'000'000'000'000'001);
  event.arrival = from_nanoseconds(1'700'000'000'000'000'002);
  event.position = Position{41};
  event.seed = 43;
  event.trigger = TriggerKind::emitted;
  event.twin = builder.add_twin("plant/caf\xc3\xa9", "");
  event.topic = "happened";
  event.payload = std::string_view("\x00\xff", 2);
  builder.add_event(event, std::vector{ValueView::of(1.5), ValueView::of(std::int64_t{-7}), ValueView::boolean(true),
                                       ValueView::text("text"), ValueView::of(90.0)});
  RunResult result;
  runner->run(builder.finish(), result);
  ASSERT_EQ(result.outcome, RunOutcome::ok) << result.reason;
  EXPECT_EQ(lines(result),
            (std::vector<std::string>{"set f64 = 1.5",
                                      "set i64 = -7",
                                      "set bool = true",
                                      "set string = \"text\"",
                                      "set twin.f64 = " + json(ValueView::of(90.0)),
                                      "set twin = \"plant/caf\xc3\xa9\"",
                                      "set topic = \"happened\"",
                                      "set payload = {\"base64\":\"AP8=\"}",
                                      "set time = 1700000000000000001",
                                      "set arrival = 1700000000000000002",
                                      "set position = 41",
                                      "set seed = 43",
                                      "set trigger = 6",
                                      "set config.gain = 2.5",
                                      "set config.steps = 7",
                                      "set config.steps as f64 = " + json(ValueView::of(7.0)),
                                      "set config.on = true",
                                      "set config.mode = \"fast\"",
                                      "set config.missing = -1",
                                      "set nothing",
                                      "remove old",
                                      "send hello -> other/twin = {\"a\":1}",
                                      "emit happened",
                                      "publish -> out/topic = \"text\" (5)",
                                      "alert_raise hot = 91.5",
                                      "alert_clear cold",
                                      "alarm_set check = 5000000000",
                                      "alarm_cancel other",
                                      "log = \"line\" (2)",
                                      "retry",
                                      "fail = \"reason\""}));
}

TEST_F(SdkTest, Abi5_what_is_missing_is_absent) {
  const Manifest wanted = everything_manifest();
  const auto runner = this->runner("everything", wanted);
  RunBuilder builder(wanted);
  builder.begin();
  RunEvent event;
  event.twin = builder.add_twin("t", "");
  builder.add_event(event, std::vector<ValueView>(5));
  RunResult result;
  runner->run(builder.finish(), result);
  ASSERT_EQ(result.outcome, RunOutcome::ok) << result.reason;
  const auto got = lines(result);
  EXPECT_EQ(got[0], "set f64 = " + json(ValueView::of(-1.0)));
  EXPECT_EQ(got[1], "set i64 = -1");
  EXPECT_EQ(got[2], "set bool = false");
  EXPECT_EQ(got[3], "set string = \"absent\"");
  EXPECT_EQ(got[7], "set payload = {\"base64\":\"\"}");
}

TEST_F(SdkTest, Abi6_state_goes_from_run_to_run_and_twins_keep_apart) {
  const Manifest wanted = manifest("reads = ['value: f64']\nstate_bytes = 16");
  const auto runner = this->runner("counter", wanted);
  RunBuilder builder(wanted);
  RunResult result;
  std::string a;
  std::string b;
  for (int turn = 1; turn <= 3; ++turn) {
    builder.begin();
    RunEvent event;
    event.twin = builder.add_twin("a", a);
    builder.add_event(event, std::vector{ValueView::of(1.0)});
    builder.add_event(event, std::vector{ValueView::of(2.0)});
    event.twin = builder.add_twin("b", b);
    builder.add_event(event, std::vector{ValueView::of(10.0)});
    runner->run(builder.finish(), result);
    ASSERT_EQ(result.outcome, RunOutcome::ok) << result.reason;
    a = builder.state(0);
    b = builder.state(1);
    ASSERT_EQ(result.decoded.size(), 6u);
    EXPECT_TRUE(result.decoded[2].value == ValueView::of(std::int64_t{2 * turn}));
    EXPECT_TRUE(result.decoded[3].value == ValueView::of(3.0 * turn));
    EXPECT_EQ(result.decoded[3].event, 1u);
    EXPECT_TRUE(result.decoded[4].value == ValueView::of(std::int64_t{turn}));
    EXPECT_TRUE(result.decoded[5].value == ValueView::of(10.0 * turn));
  }
}

TEST_F(SdkTest, Abi12_one_run_of_many_events_does_what_many_runs_of_one_do) {
  const Manifest wanted = manifest("reads = ['value: f64']\nstate_bytes = 16");
  const auto runner = this->runner("counter", wanted);
  RunBuilder builder(wanted);
  RunResult result;
  const auto feed = [&](std::size_t run_length) {
    std::string state;
    std::vector<std::string> effects;
    for (std::size_t next = 0; next < 200;) {
      builder.begin();
      RunEvent event;
      event.twin = builder.add_twin("a", state);
      for (std::size_t i = 0; i < run_length && next < 200; ++i, ++next) {
        builder.add_event(event, std::vector{ValueView::of(0.1 * static_cast<double>(next))});
      }
      runner->run(builder.finish(), result);
      EXPECT_EQ(result.outcome, RunOutcome::ok) << result.reason;
      state = builder.state(0);
      for (auto& line : lines(result)) effects.push_back(std::move(line));
    }
    return std::pair(state, effects);
  };
  const auto whole = feed(200);
  EXPECT_EQ(feed(1), whole);
  EXPECT_EQ(feed(7), whole);
  EXPECT_EQ(feed(64), whole);
}

TEST_F(SdkTest, A_state_of_another_size_than_the_manifest_says_ends_the_run_with_a_word) {
  const Manifest wanted = manifest("reads = ['value: f64']\nstate_bytes = 24");
  const auto runner = this->runner("counter", wanted);
  RunBuilder builder(wanted);
  builder.begin();
  RunEvent event;
  event.twin = builder.add_twin("a", "");
  builder.add_event(event, std::vector{ValueView::of(1.0)});
  RunResult result;
  runner->run(builder.finish(), result);
  EXPECT_EQ(result.outcome, RunOutcome::trap);
  ASSERT_EQ(result.log.size(), 1u);
  EXPECT_EQ(result.log[0].text, "sizeof(State) is not state_bytes of function.toml");
}

}  // namespace
}  // namespace doppel

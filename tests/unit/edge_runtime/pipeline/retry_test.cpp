// What is set aside and tried again: quarantined functions, held events, dead letters.
#include <gtest/gtest.h>

#include <set>

#include "edge_runtime/pipeline/dead_letter_order.h"
#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

using Action = DeadLetterOrder::Action;

constexpr std::uint64_t kMinuteOfFuel = 1'000'000;
const std::string kManifest = "reads = ['v: f64', 'twin.limit: f64']\nwrites = ['sum: f64']\nstate_bytes = 8\n[[trigger]]\ntopic = 'd/#'\n";

// What a function did: twin, value, limit.
struct Seen {
  std::string twin;
  double value;
  std::optional<double> limit;
  bool operator==(const Seen&) const = default;
};

// Sums the values of a twin in its state. Fails on each event whose value `is_bad`, at the cost of `fuel`.
NativeFunction summing(std::vector<Seen>& seen, std::function<bool(double)> is_bad, std::uint64_t fuel) {
  return [&seen, is_bad, fuel](NativeRun& run) {
    std::vector<Seen> of_run;
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      const double value = *run.number(i, 0);
      if (is_bad(value)) {
        run.spend(fuel);
        return run.end(RunOutcome::exceeded_fuel, i, "spins");
      }
      double sum = 0;
      std::memcpy(&sum, run.state(i), sizeof sum);
      sum += value;
      std::memcpy(run.state(i), &sum, sizeof sum);
      run.add(EffectKind::set, i, "sum", {}, ValueView::of(sum));
      of_run.push_back({std::string(run.twin(i)), value, run.number(i, 1)});
    }
    seen.insert(seen.end(), of_run.begin(), of_run.end());
  };
}
bool is_never_bad(double) { return false; }
bool is_negative(double v) { return v < 0; }

struct Retry : testing::Test {
  NativeFunctions natives;
  Edge edge{natives};
  std::vector<Seen> seen;

  void SetUp() override {
    PipelineConfig config;
    config.failure_fuel = kMinuteOfFuel;
    edge.apply({configuration(0, config)});
  }
  BatchOutput& install(double seconds, std::function<bool(double)> is_bad, std::uint64_t fuel = kMinuteOfFuel + 1) {
    return edge.apply({activation(seconds, "f", natives.add("f", kManifest, summing(seen, std::move(is_bad), fuel)))});
  }
  BatchOutput& order(double seconds, const DeadLetterOrder& what) {
    Input input{RecordKind::dead_letters, at(seconds), "", ""};
    encode(what, input.payload);
    return edge.apply({input});
  }
  static Input value_of(double seconds, const std::string& twin, double value) {
    return message(seconds, "d/" + twin, "{\"v\":" + std::to_string(value) + "}");
  }
  bool is_quarantined() { return edge.pipeline().functions()[*edge.pipeline().functions().find("f")].quarantined; }
  std::size_t held() { return edge.pipeline().held_events().count_of("f"); }
  std::vector<double> values_of(const std::string& twin) const {
    std::vector<double> values;
    for (const auto& one : seen) {
      if (one.twin == twin) values.push_back(one.value);
    }
    return values;
  }
};

TEST_F(Retry, a_function_whose_failures_burn_too_much_is_quarantined_and_says_so) {
  install(0, is_negative);
  const auto& output = edge.apply({value_of(1, "a", -1)});
  EXPECT_TRUE(is_quarantined());
  const auto logs = rows_of(output, OutboxKind::log);
  ASSERT_EQ(logs.size(), 1u);
  EXPECT_NE(logs[0].payload.find("failing runs burnt 1000001 fuel within a minute; allowed are 1000000 (functions.failure_fuel)"), std::string::npos) << logs[0].payload;
  ASSERT_NE(edge.pipeline().alerts().find("fn:f", "quarantined"), nullptr);
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"exceeded_fuel"});
}

TEST_F(Retry, failures_that_burn_little_in_a_minute_do_not_quarantine) {
  install(0, is_negative, kMinuteOfFuel / 2);
  for (int minute = 0; minute < 10; ++minute) edge.apply({value_of(60.0 * minute, "a", -1)});
  EXPECT_FALSE(is_quarantined());
  EXPECT_EQ(edge.dead().size(), 10u);
  edge.apply({value_of(541, "a", -1), value_of(541, "b", -1)});
  EXPECT_TRUE(is_quarantined());
}

TEST_F(Retry, a_quarantined_function_gets_its_events_later_in_order_and_its_twins_go_on_meanwhile) {
  install(0, is_negative);
  edge.apply({value_of(1, "a", 1), value_of(1, "a", -5), value_of(1, "b", 10), value_of(1, "a", 2)});
  edge.apply({value_of(2, "a", 3), value_of(2, "b", 20)});
  edge.commit_and_restart();
  edge.apply({value_of(3, "a", 4)});
  EXPECT_EQ(edge.twin("d/a").events, 5u);
  EXPECT_EQ(edge.value("d/a", "v"), "4");

  install(4, is_never_bad);
  EXPECT_EQ(held(), 0u);
  EXPECT_FALSE(is_quarantined());
  EXPECT_EQ(edge.pipeline().alerts().find("fn:f", "quarantined"), nullptr);
  EXPECT_EQ(values_of("d/a"), (std::vector<double>{1, -5, 2, 3, 4}));
  EXPECT_EQ(values_of("d/b"), (std::vector<double>{10, 20}));
  EXPECT_EQ(edge.value("d/a", "sum"), "5");
  EXPECT_EQ(edge.value("d/b", "sum"), "30");
}

TEST_F(Retry, held_events_show_what_their_twin_was_when_they_came) {
  install(0, is_negative);
  edge.apply({message(1, "d/a", R"({"v":-1,"limit":7})")});
  edge.apply({value_of(2, "a", 1)});
  edge.apply({message(3, "d/a", R"({"v":2,"limit":8})")});
  install(4, is_never_bad);
  EXPECT_EQ(seen, (std::vector<Seen>{{"d/a", 1, 7.0}, {"d/a", 2, 8.0}}));
}

TEST_F(Retry, a_new_version_that_burns_too_much_leaves_the_rest_held_in_order) {
  install(0, is_negative);
  edge.apply({value_of(1, "a", -1), value_of(1, "a", 1), value_of(1, "a", 2), value_of(1, "a", 3)});
  install(2, [](double v) { return v == 2; });
  EXPECT_TRUE(is_quarantined());
  edge.apply({value_of(3, "a", 4)});
  install(4, is_never_bad);
  EXPECT_EQ(values_of("d/a").back(), 4);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](const Seen& x, const Seen& y) { return x.value < y.value; }));
  EXPECT_EQ(held(), 0u);
}

TEST_F(Retry, Promise7_held_events_take_a_bounded_number_of_bytes) {
  PipelineConfig config;
  config.failure_fuel = kMinuteOfFuel;
  config.max_held_bytes = 1'000;
  edge.apply({configuration(0, config)});
  install(0, is_negative);
  edge.apply({value_of(1, "a", -1)});
  for (int i = 0; i < 100; ++i) edge.apply({value_of(2, "a", i)});
  EXPECT_GT(held(), 0u);
  EXPECT_LE(edge.pipeline().held_events().bytes(), 1'000u);
  EXPECT_EQ(edge.last_dead().reason, "held_limit");
  EXPECT_EQ(held() + edge.pipeline().dead_letters().counts_by_reason().at("held_limit"), 100u);
}

TEST_F(Retry, Rule10_held_events_are_the_same_after_a_restart_in_between) {
  Edge through{natives};
  const Activation bad = natives.add("f", kManifest, summing(seen, is_negative, kMinuteOfFuel + 1));
  const Activation good = natives.add("f", kManifest, summing(seen, [](double v) { return v == 2; }, kMinuteOfFuel + 1));
  PipelineConfig config;
  config.failure_fuel = kMinuteOfFuel;
  for (const bool restarts : {false, true}) {
    Edge& one = restarts ? edge : through;
    if (!restarts) one.apply({configuration(0, config)});
    for (const auto& input : {activation(0, "f", bad), value_of(1, "a", -1), value_of(2, "a", 1), activation(3, "f", good), value_of(4, "a", -1), value_of(5, "a", 2),
                              value_of(6, "a", 3), value_of(7, "a", 4), activation(8, "f", good), value_of(9, "a", 5)}) {
      one.apply({input});
      if (restarts) one.commit_and_restart();
    }
  }
  EXPECT_EQ(edge.commit().at("held_event"), through.commit().at("held_event"));
}

TEST_F(Retry, a_removed_function_leaves_no_held_events) {
  install(0, is_negative);
  edge.apply({value_of(1, "a", -1), value_of(1, "a", 1)});
  Activation gone;
  gone.removed = true;
  edge.apply({activation(2, "f", gone)});
  EXPECT_EQ(edge.pipeline().held_events().bytes(), 0u);
  EXPECT_TRUE(edge.commit().at("held_event").empty());
}

TEST_F(Retry, a_retried_event_runs_with_what_it_saw_and_leaves_the_dead_letters) {
  bool is_mended = false;
  install(0, [&](double v) { return v < 0 && !is_mended; }, 10);
  edge.apply({message(1, "d/a", R"({"v":-1,"limit":7})"), message(2, "d/a", R"({"v":5,"limit":8})")});
  ASSERT_EQ(edge.dead(), std::vector<std::string>{"exceeded_fuel"});
  is_mended = true;
  const auto rows = rows_of(order(3, {"r1", Action::retry, "f", {}}), OutboxKind::http_reply);
  EXPECT_TRUE(edge.dead().empty());
  EXPECT_EQ(seen.back(), (Seen{"d/a", -1, 7.0}));
  EXPECT_EQ(edge.value("d/a", "sum"), "4");
  EXPECT_EQ(edge.twin("d/a").events, 2u);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].target, "r1");
  EXPECT_EQ(rows[0].payload, R"({"found":1,"done":1,"applied":1,"failed":0,"first_failed":null,"held":0})");
}

TEST_F(Retry, a_retry_that_fails_again_becomes_a_new_dead_letter) {
  install(0, is_negative, 10);
  edge.apply({value_of(1, "a", -1)});
  const auto rows = rows_of(order(2, {"r", Action::retry, "f", {}}), OutboxKind::http_reply);
  EXPECT_EQ(rows.at(0).payload, R"({"found":1,"done":1,"applied":0,"failed":1,"first_failed":2,"held":0})");
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"exceeded_fuel"});
  EXPECT_EQ(edge.pipeline().dead_letters().find(1), nullptr);
  EXPECT_NE(edge.pipeline().dead_letters().find(2), nullptr);
}

TEST_F(Retry, a_retry_tells_which_were_applied_and_from_where_the_others_are_numbered) {
  std::set<double> bad = {-1, -2, -3};
  install(0, [&](double v) { return bad.contains(v); }, 10);
  edge.apply({value_of(1, "a", -1), value_of(1, "b", -2), value_of(1, "c", -3)});
  bad.erase(-2);
  const auto rows = rows_of(order(2, {"r", Action::retry, "f", {}}), OutboxKind::http_reply);
  EXPECT_EQ(rows.at(0).payload, R"({"found":3,"done":3,"applied":1,"failed":2,"first_failed":4,"held":0})");
  EXPECT_NE(edge.pipeline().dead_letters().find(4), nullptr);
  EXPECT_NE(edge.pipeline().dead_letters().find(5), nullptr);
  EXPECT_EQ(edge.dead().size(), 2u);
}

TEST_F(Retry, a_retry_of_a_function_ends_its_quarantine) {
  bool is_mended = false;
  install(0, [&](double v) { return v < 0 && !is_mended; });
  edge.apply({value_of(1, "a", -1), value_of(1, "a", 1)});
  edge.apply({value_of(2, "a", 2)});
  ASSERT_TRUE(is_quarantined());
  is_mended = true;
  const auto rows = rows_of(order(3, {"r1", Action::retry, "f", {}}), OutboxKind::http_reply);
  EXPECT_FALSE(is_quarantined());
  EXPECT_EQ(rows.at(0).payload, R"({"found":0,"done":0,"applied":0,"failed":0,"first_failed":null,"held":3})");
  EXPECT_EQ(values_of("d/a"), (std::vector<double>{-1, 1, 2}));
}

TEST_F(Retry, a_message_that_found_no_room_is_applied_when_it_is_retried) {
  PipelineConfig config;
  config.max_twins = 1;
  edge.apply({configuration(0, config)});
  edge.apply({value_of(1, "a", 1), value_of(1, "b", 2)});
  ASSERT_EQ(edge.dead(), std::vector<std::string>{"twin_limit"});
  order(2, {"", Action::retry, "", {1}});
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"twin_limit"});
  config.max_twins = 2;
  edge.apply({configuration(3, config)});
  order(4, {"", Action::retry, "", {2}});
  EXPECT_TRUE(edge.dead().empty());
  EXPECT_EQ(edge.twin("d/b").events, 1u);
  EXPECT_EQ(edge.value("d/b", "v"), "2");
}

TEST_F(Retry, only_what_left_no_trace_is_retried) {
  install(0, is_negative, 10);
  edge.apply({message(1, "d/a", std::string(DeadLetters::kPayloadBytes + 1, '{'))});
  edge.apply({value_of(2, "a", -1)});
  Activation gone;
  gone.removed = true;
  edge.apply({activation(3, "f", gone)});
  ASSERT_EQ(edge.dead().size(), 2u);
  const auto rows = rows_of(order(4, {"r", Action::retry, "", {}}), OutboxKind::http_reply);
  EXPECT_EQ(rows.at(0).payload, R"({"found":2,"done":0,"applied":0,"failed":0,"first_failed":null,"held":0})");
  EXPECT_EQ(edge.dead().size(), 2u);
}

TEST_F(Retry, an_order_that_names_a_dead_letter_that_is_not_there_does_nothing) {
  edge.apply({message(1, "d/a", R"({"a":)")});
  const auto rows = rows_of(order(2, {"r", Action::drop, "", {1, 999}}), OutboxKind::http_reply);
  EXPECT_EQ(rows.at(0).revision, 404u);
  EXPECT_EQ(rows.at(0).payload, "there is no dead letter 999");
  EXPECT_EQ(edge.dead().size(), 1u);
}

TEST_F(Retry, dropped_dead_letters_are_gone_also_from_the_store) {
  edge.apply({message(1, "d/a", R"({"a":)"), message(1, "d/b", R"({"a":)")});
  edge.commit();
  order(2, {"", Action::drop, "", {1}});
  EXPECT_EQ(edge.dead().size(), 1u);
  EXPECT_EQ(edge.commit().at("dead_letter").size(), 1u);
  order(3, {"", Action::drop, "", {}});
  edge.commit_and_restart();
  EXPECT_TRUE(edge.dead().empty());
}

TEST_F(Retry, an_order_that_does_not_decode_is_a_dead_letter) {
  edge.apply({{RecordKind::dead_letters, at(1), "", "x"}});
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"bad_payload"});
}

}  // namespace
}  // namespace doppel

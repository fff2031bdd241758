// What functions may do, and what becomes of what they ask for.
#include <gtest/gtest.h>

#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

const std::string kOnTopic = "\n[[trigger]]\ntopic = 'd/#'\n";

struct Functions : testing::Test {
  NativeFunctions natives;
  Edge edge{natives};

  Activation install(const std::string& name, const std::string& manifest, NativeFunction body) {
    const Activation active = natives.add(name, manifest, std::move(body));
    edge.apply({activation(0, name, active)});
    return active;
  }
  const FunctionMeters& meters(const std::string& name) { return edge.pipeline().functions()[*edge.pipeline().functions().find(name)].meters; }
};

// Does the same for every event of a run.
NativeFunction for_each_event(std::function<void(NativeRun&, std::uint32_t)> body) {
  return [body = std::move(body)](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) body(run, i);
  };
}

TEST_F(Functions, what_is_not_applied_is_counted_by_reason) {
  install("f", "writes = ['ok: f64']" + kOnTopic, for_each_event([](NativeRun& run, std::uint32_t i) {
            run.add(EffectKind::set, i, "other", {}, ValueView::of(1.0));
            run.add(EffectKind::set, i, "ok", {}, ValueView::text("no number"));
            run.add(EffectKind::remove, i, "other");
            run.add(EffectKind::publish, i, {}, "out/x", ValueView::of(1.0));
            run.add(EffectKind::send, i, "note", "d/2", ValueView::of(1.0));
            run.add(EffectKind::alarm_set, i, "undeclared", {}, ValueView::of(std::int64_t{1}));
            run.add(EffectKind::http_call, i, "GET", "http://localhost/");
          }));
  EXPECT_TRUE(edge.apply({message(1, "d/1", "{}")}).rows.empty());
  EXPECT_EQ(meters("f").denied, 5u);
  EXPECT_EQ(meters("f").mismatched, 1u);
  EXPECT_EQ(meters("f").unsupported, 1u);
  EXPECT_EQ(meters("f").effects, 0u);
  std::map<Pipeline::Applied, std::string> why;
  for (const auto& denied : edge.pipeline().denied_effects()) why[denied.reason] = denied.target + ": " + denied.why;
  EXPECT_EQ(why[Pipeline::Applied::not_granted], "other: its manifest grants no such effect");
  EXPECT_EQ(why[Pipeline::Applied::mismatched], "ok: property ok is declared as number, which the text no number does not become without a loss");
  EXPECT_EQ(why[Pipeline::Applied::unsupported], "http://localhost/: this version of doppel performs no such effect");
  edge.commit_and_restart();
  EXPECT_EQ(meters("f").mismatched, 1u);
  EXPECT_EQ(meters("f").unsupported, 1u);
  EXPECT_FALSE(edge.has_twin("d/2"));
  EXPECT_FALSE(edge.pipeline().next_due() && *edge.pipeline().next_due() < at(2));
}

TEST_F(Functions, Promise7_one_function_more_than_max_functions_is_refused_and_those_there_are_can_change) {
  PipelineConfig config;
  config.max_functions = 1;
  edge.apply({configuration(0, config)});
  install("f", kOnTopic, [](NativeRun&) {});
  install("g", kOnTopic, [](NativeRun&) {});
  EXPECT_EQ(edge.pipeline().functions().size(), 1u);
  EXPECT_EQ(edge.last_dead().reason, "activation_refused");
  EXPECT_EQ(edge.last_dead().function, "g");
  EXPECT_EQ(edge.last_dead().detail, "there are 1 functions already; allowed are 1 (functions.max_functions)");
  install("f", kOnTopic, [](NativeRun&) {});
  EXPECT_EQ(edge.dead().size(), 1u);
  edge.commit_and_restart();
  Activation gone;
  gone.removed = true;
  edge.apply({activation(1, "f", gone)});
  install("g", kOnTopic, [](NativeRun&) {});
  EXPECT_TRUE(edge.pipeline().functions().find("g"));
}

TEST_F(Functions, without_a_broker_a_publication_is_a_dead_letter_with_that_reason) {
  install("f", kOnTopic + "[grants]\npublish = ['out']\n", for_each_event([](NativeRun& run, std::uint32_t i) {
            run.add(EffectKind::publish, i, {}, "out", ValueView::of(1.0));
          }));
  PipelineConfig config;
  EXPECT_EQ(rows_of(edge.apply({message(1, "d/1", "{}")}), OutboxKind::publish).size(), 1u);
  config.has_broker = false;
  edge.apply({configuration(2, config)});
  EXPECT_TRUE(rows_of(edge.apply({message(3, "d/1", "{}")}), OutboxKind::publish).empty());
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"no_broker"});
  EXPECT_EQ(edge.last_dead().detail, "no [[mqtt]] takes the publication to out");
  EXPECT_EQ(edge.last_dead().function, "f");
  EXPECT_EQ(meters("f").denied, 0u);
}

TEST_F(Functions, the_first_effect_of_a_batch_that_is_denied_is_named_for_the_log) {
  const auto add = [&](const std::string& name, EffectKind kind, const std::string& property, const std::string& target) {
    install(name, kOnTopic, for_each_event([=](NativeRun& run, std::uint32_t i) {
              run.add(kind, i, property, target, ValueView::of(1.0));
              run.add(EffectKind::publish, i, {}, "later", ValueView::of(1.0));
            }));
  };
  add("f", EffectKind::set, "speed", "");
  add("g", EffectKind::send, "note", "d/2");
  const auto named = [&] {
    std::string text;
    for (const auto& denied : edge.pipeline().denied_effects()) {
      text += denied.function + " " + std::string(to_string(denied.kind)) + " " + denied.target + " " + denied.twin + "; ";
    }
    return text;
  };
  edge.apply({message(1, "d/1", "{}"), message(1, "d/1", "{}")});
  EXPECT_EQ(named(), "f set speed d/1; g send d/2 d/1; ");
  edge.apply({tick(2)});
  EXPECT_EQ(named(), "");
}

TEST_F(Functions, several_sets_of_one_event_are_one_change_set) {
  install("f", "writes = ['x: f64', 'y: i64']" + kOnTopic, for_each_event([](NativeRun& run, std::uint32_t i) {
            run.add(EffectKind::set, i, "x", {}, ValueView::of(std::int64_t{1}));
            run.add(EffectKind::set, i, "y", {}, ValueView::of(2.0));
            run.add(EffectKind::set, i, "x", {}, ValueView::of(3.5));
          }));
  edge.apply({message(1, "d/1", "{}")});
  EXPECT_EQ(edge.twin("d/1").rev, 2u);
  EXPECT_EQ(edge.value("d/1", "x"), "3.5");
  EXPECT_EQ(edge.value("d/1", "y"), "2");
}

TEST_F(Functions, a_read_of_the_twin_is_the_reported_value_or_else_the_desired_one) {
  std::vector<std::optional<double>> seen;
  install("f", "reads = ['twin.limit: f64']" + kOnTopic, [&](NativeRun& run) { seen.push_back(run.number(0, 0)); });
  edge.apply({message(1, "d/1", "{}")});
  edge.apply({set_record(2, "d/1", {"", "limit", Value(ValueView::of(std::int64_t{5})), std::nullopt})});
  edge.apply({message(3, "d/1", "{}")});
  edge.apply({message(4, "d/1", R"({"limit":7})")});
  EXPECT_EQ(seen, (std::vector<std::optional<double>>{std::nullopt, 5.0, 7.0}));
}

TEST_F(Functions, Rule13_a_change_triggers_once_with_old_and_new) {
  std::vector<std::pair<std::optional<double>, std::optional<double>>> changes;
  install("f", "reads = ['old: f64', 'new: f64']\n[[trigger]]\ntwin_change = ['a']\n", for_each_event([&](NativeRun& run, std::uint32_t i) {
            EXPECT_EQ(run.topic(i), "a");
            changes.emplace_back(run.number(i, 0), run.number(i, 1));
          }));
  edge.apply({message(1, "d/1", R"({"a":1,"b":1})"), message(2, "d/1", R"({"a":1})"), message(3, "d/1", R"({"a":2})"), message(4, "d/1", R"({"b":2})")});
  EXPECT_EQ(changes, (std::vector<std::pair<std::optional<double>, std::optional<double>>>{{std::nullopt, 1.0}, {1.0, 2.0}}));
}

TEST_F(Functions, Rule13_a_sent_event_is_reported_to_its_target_in_the_same_batch) {
  install("f", kOnTopic + "[grants]\nsend = ['line/+']\n", for_each_event([](NativeRun& run, std::uint32_t i) {
            run.add(EffectKind::send, i, "sample", "line/1", ValueView::json(R"({"t":5,"n":{"x":"y"}})"));
          }));
  edge.apply({message(1, "d/1", "{}")});
  EXPECT_EQ(edge.value("line/1", "t"), "5");
  EXPECT_EQ(edge.value("line/1", "n.x"), "\"y\"");
  EXPECT_EQ(edge.twin("line/1").events, 0u);
  EXPECT_EQ(edge.twin("line/1").rev, 1u);
}

TEST_F(Functions, Rule13_waves_go_eight_deep_and_then_to_the_dead_letters) {
  int runs = 0;
  install("loop", kOnTopic + "[[trigger]]\nevent = 'again'\n", for_each_event([&](NativeRun& run, std::uint32_t i) {
            ++runs;
            run.add(EffectKind::emit, i, "again", {}, ValueView::of(std::int64_t{runs}));
          }));
  edge.apply({message(1, "d/1", "{}")});
  EXPECT_EQ(runs, 9);
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"wave_limit"});
  EXPECT_EQ(edge.last_dead().event.input(), "{\"value\":9}");
  edge.apply({message(2, "d/1", R"({"a":1})")});
  EXPECT_EQ(edge.value("d/1", "a"), "1");
}

// Each event of a wave caused as many as fit into an output: eight waves of that fill any memory.
TEST_F(Functions, Promise7_a_wave_holds_a_bounded_number_of_events) {
  std::uint32_t most = 0;
  std::uint64_t events = 0;
  install("flood", kOnTopic + "[[trigger]]\nevent = 'again'\n", for_each_event([&](NativeRun& run, std::uint32_t i) {
            ++events;
            most = std::max(most, run.events());
            for (int n = 0; n < (events < 2000 ? 200 : 0); ++n) run.add(EffectKind::emit, i, "again");
          }));
  edge.apply({message(1, "d/1", "{}")});
  EXPECT_LE(events, 1 + 200 + 2u * Pipeline::kMostInWave);
  EXPECT_GT(edge.pipeline().dead_letters().counts_by_reason().at("wave_limit"), 0u);
}

TEST_F(Functions, Rule16_alarms_fire_before_the_batch_whose_first_record_is_later) {
  std::vector<std::string> order;
  install("f", kOnTopic + "[[trigger]]\nalarm = 'soon'\n", for_each_event([&](NativeRun& run, std::uint32_t i) {
            order.emplace_back(run.topic(i));
            if (run.event(i).trigger == DOPPEL_TRIGGER_TOPIC) run.add(EffectKind::alarm_set, i, "soon", {}, ValueView::of(std::int64_t{5'000'000'000}));
          }));
  edge.apply({message(1, "d/1", "{}")});
  EXPECT_EQ(edge.pipeline().next_due(), at(6));
  edge.commit_and_restart();
  edge.apply({message(5.9, "d/2", "{}")});
  edge.apply({message(6, "d/3", "{}")});
  EXPECT_EQ(order, (std::vector<std::string>{"d/1", "d/2", "soon", "d/3"}));
  edge.apply({tick(20)});
  EXPECT_EQ(order.size(), 6u);
}

TEST_F(Functions, Rule16_alarms_count_lane_time_which_clock_steps_do_not_move) {
  int fired = 0;
  install("f", kOnTopic + "[[trigger]]\nalarm = 'soon'\n", for_each_event([&](NativeRun& run, std::uint32_t i) {
            if (run.event(i).trigger == DOPPEL_TRIGGER_ALARM) ++fired;
            else run.add(EffectKind::alarm_set, i, "soon", {}, ValueView::of(std::int64_t{5'000'000'000}));
          }));
  edge.apply({message(1, "d/1", "{}")});
  edge.apply({number_record(RecordKind::clock_step, 3602, 3'600'000'000'000)});  // an hour forward, a second later
  EXPECT_EQ(fired, 0);
  EXPECT_EQ(edge.pipeline().next_due(), at(3606));
  edge.commit_and_restart();
  edge.apply({tick(3605.9)});
  EXPECT_EQ(fired, 0);
  edge.apply({tick(3606)});
  EXPECT_EQ(fired, 1);
}

TEST_F(Functions, an_alarm_can_be_cancelled_and_its_delay_is_bounded) {
  install("f", kOnTopic + "[[trigger]]\nalarm = 'soon'\n", for_each_event([&](NativeRun& run, std::uint32_t i) {
            run.add(run.topic(i) == "d/1" ? EffectKind::alarm_set : EffectKind::alarm_cancel, i, "soon", {},
                    run.topic(i) == "d/1" ? ValueView::of(INT64_MAX) : ValueView::null());
          }));
  PipelineConfig config;
  config.windows.clear();
  config.mapping.rules.push_back(mapping_rule("d/#", "one"));
  edge.apply({configuration(0, config)});
  edge.apply({message(1, "d/1", "{}")});
  ASSERT_TRUE(edge.pipeline().next_due());
  EXPECT_GT(*edge.pipeline().next_due(), at(1e6));
  edge.apply({message(2, "d/2", "{}")});
  EXPECT_FALSE(edge.pipeline().next_due());
}

TEST_F(Functions, an_alert_goes_up_when_it_is_raised_changes_or_is_cleared) {
  install("f", "reads = ['t: f64']" + kOnTopic, for_each_event([](NativeRun& run, std::uint32_t i) {
            const double t = *run.number(i, 0);
            if (t == 0) run.add(EffectKind::alert_clear, i, "hot");
            if (t != 0) run.add(EffectKind::alert_raise, i, "hot", {}, ValueView::of(t));
          }));
  const auto rows = [&](double t) { return rows_of(edge.apply({message(1, "d/1", "{\"t\":" + std::to_string(t) + "}")}), OutboxKind::replacement); };
  EXPECT_TRUE(rows(0).empty());
  EXPECT_EQ(rows(5).size(), 1u);
  EXPECT_TRUE(rows(5).empty());
  edge.commit_and_restart();
  const auto changed = rows(6);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_NE(changed[0].payload.find("\"value\":6"), std::string::npos);
  const auto cleared = rows(0);
  ASSERT_EQ(cleared.size(), 1u);
  EXPECT_EQ(cleared[0].payload, "");
  EXPECT_EQ(edge.pipeline().alerts().size(), 0u);
}

TEST_F(Functions, Promise4_a_function_that_traps_on_one_event_loses_that_event_only) {
  for (const bool honest : {true, false}) {
    NativeFunctions own;
    Edge one(own);
    const Activation active = own.add("f", "state_bytes = 8\nreads = ['t: f64']\nwrites = ['x: f64', 'n: i64']" + kOnTopic, [&](NativeRun& run) {
      for (std::uint32_t i = 0; i < run.events(); ++i) {
        if (*run.number(i, 0) == 13) return run.end(RunOutcome::trap, honest ? i : 0, "unreachable");
        std::int64_t n = 0;
        std::memcpy(&n, run.state(i), sizeof n);
        ++n;
        std::memcpy(run.state(i), &n, sizeof n);
        run.add(EffectKind::set, i, "x", {}, ValueView::of(*run.number(i, 0)));
        run.add(EffectKind::set, i, "n", {}, ValueView::of(n));
      }
    });
    one.apply({activation(0, "f", active)});
    std::vector<Input> inputs;
    for (int i = 0; i < 30; ++i) inputs.push_back(message(1 + i, "d/1", "{\"t\":" + std::to_string(i) + "}"));
    one.apply(inputs);
    EXPECT_EQ(one.dead(), std::vector<std::string>{"trap"});
    EXPECT_EQ(one.last_dead().event.input(), "{\"t\":13}");
    EXPECT_EQ(one.last_dead().function, "f");
    EXPECT_EQ(one.last_dead().version, active.version_sha256());
    EXPECT_EQ(one.value("d/1", "x"), "29");
    EXPECT_EQ(one.value("d/1", "n"), "29");
    EXPECT_EQ(one.twin("d/1").events, 30u);
  }
}

TEST_F(Functions, a_run_with_the_fuel_of_one_event_is_cut_until_its_events_fit) {
  install("f", "reads = ['t: f64']\nwrites = ['x: f64']" + kOnTopic, [](NativeRun& run) {
    if (run.events() > 3) return run.end(RunOutcome::exceeded_fuel, 3, "fuel");
    for (std::uint32_t i = 0; i < run.events(); ++i) run.add(EffectKind::set, i, "x", {}, ValueView::of(*run.number(i, 0)));
  });
  std::vector<Input> inputs;
  for (int i = 0; i < 50; ++i) inputs.push_back(message(1 + i, "d/" + std::to_string(i), "{\"t\":" + std::to_string(i) + "}"));
  edge.apply(inputs);
  EXPECT_TRUE(edge.dead().empty());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(edge.value("d/" + std::to_string(i), "x"), std::to_string(i));
}

TEST_F(Functions, fail_dead_letters_its_event_alone) {
  install("f", "writes = ['x: f64']" + kOnTopic, for_each_event([](NativeRun& run, std::uint32_t i) {
            run.add(EffectKind::set, i, "x", {}, ValueView::of(1.0));
            if (run.topic(i) == "d/2") run.add(EffectKind::fail, i, {}, {}, ValueView::text("no"));
          }));
  edge.apply({message(1, "d/1", "{}"), message(1, "d/2", "{}"), message(1, "d/3", "{}")});
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"fail"});
  EXPECT_EQ(edge.value("d/2", "x"), "");
  EXPECT_EQ(edge.value("d/3", "x"), "1");
}

// A replay ran what had failed on its host in other runs: its meters and dead letters were others.
TEST_F(Functions, Rule18_a_host_failure_becomes_a_decision_and_a_replay_that_obeys_it_has_the_same_tables) {
  bool host_is_well = false;
  NativeFunctions own;
  Edge first(own), replay(own);
  const Activation active = own.add("f", "reads = ['t: f64']\nwrites = ['x: f64']" + kOnTopic + "[[trigger]]\nevent = 'again'\n", [&](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      const double t = run.number(i, 0).value_or(-1);
      if (!host_is_well && t == 7) return run.end(RunOutcome::host_failure, 2, "no memory at 0x1234");
      run.add(EffectKind::set, i, "x", {}, ValueView::of(t));
      if (t >= 0) run.add(EffectKind::emit, i, "again");
    }
  });
  std::vector<Input> inputs;
  for (int i = 0; i < 20; ++i) inputs.push_back(message(1, "d/" + std::to_string(i), "{\"t\":" + std::to_string(i) + "}"));
  first.apply({activation(0, "f", active)});
  const auto output = first.apply(inputs);
  EXPECT_EQ(first.dead(), std::vector<std::string>{"host_failure"});
  ASSERT_FALSE(output.decisions.empty());
  host_is_well = true;
  replay.apply({activation(0, "f", active)});
  const auto again = replay.apply(inputs, output.decisions);
  EXPECT_TRUE(again.decisions.empty());
  EXPECT_EQ(first.commit(), replay.commit());
}

TEST_F(Functions, Rule18_a_module_that_does_not_load_is_a_decision_too) {
  const Activation active = natives.add("f", kOnTopic, [](NativeRun&) {});
  NativeFunctions without;
  Edge first(without), replay(natives);
  const auto output = first.apply({activation(1, "f", active)});
  EXPECT_EQ(first.dead(), std::vector<std::string>{"activation_refused"});
  ASSERT_EQ(output.decisions.size(), 1u);
  replay.apply({activation(1, "f", active)}, output.decisions);
  EXPECT_EQ(first.commit(), replay.commit());
}

TEST_F(Functions, another_state_version_is_refused_unless_it_begins_again) {
  const auto body = for_each_event([](NativeRun& run, std::uint32_t i) {
    ++*run.state(i);
    run.add(EffectKind::set, i, "n", {}, ValueView::of(std::int64_t{*run.state(i)}));
  });
  const std::string common = "\nstate_bytes = 8\nwrites = ['n: i64']\n";
  install("f", "state_version = 1" + common + kOnTopic, body);
  edge.apply({message(1, "d/1", "{}"), message(2, "d/1", "{}")});
  install("f", "state_version = 1\n" + common + kOnTopic + "\n[config]\na = 1\n", body);
  edge.apply({message(3, "d/1", "{}")});
  EXPECT_EQ(edge.value("d/1", "n"), "3");
  install("f", "state_version = 2" + common + kOnTopic, body);
  EXPECT_EQ(edge.last_dead().reason, "activation_refused");
  edge.apply({message(4, "d/1", "{}")});
  EXPECT_EQ(edge.value("d/1", "n"), "4");
  edge.commit();
  install("f", "state_version = 2\non_state_change = 'reset'" + common + kOnTopic, body);
  edge.commit_and_restart();
  edge.apply({message(5, "d/1", "{}")});
  EXPECT_EQ(edge.value("d/1", "n"), "1");
  EXPECT_EQ(meters("f").events, 5u);
}

TEST_F(Functions, what_a_removed_function_kept_goes_with_it) {
  install("f", "state_bytes = 8" + kOnTopic + "[[trigger]]\nalarm = 'soon'\n", for_each_event([](NativeRun& run, std::uint32_t i) {
            ++*run.state(i);
            run.add(EffectKind::alarm_set, i, "soon", {}, ValueView::of(std::int64_t{1'000'000'000}));
          }));
  edge.apply({message(1, "d/1", "{}")});
  EXPECT_EQ(edge.commit().at("function_state").size(), 1u);
  Activation removed;
  removed.removed = true;
  edge.apply({activation(1.5, "f", removed)});
  EXPECT_TRUE(edge.commit().at("function_state").empty());
  EXPECT_TRUE(edge.commit().at("alarm").empty());
  EXPECT_TRUE(edge.commit().at("function").empty());
  edge.commit_and_restart();
  edge.apply({message(3, "d/1", "{}")});
}

// The rows of an alarm that fired before an activation kept a view of the name of the function that the activation destroyed.
TEST_F(Functions, rows_of_an_alarm_outlive_the_function_that_is_removed_in_the_same_batch) {
  const std::string name = "a-function-with-a-name-that-lies-on-the-heap";
  install(name, kOnTopic + "[[trigger]]\nalarm = 'soon'\n[grants]\npublish = ['out']\n", for_each_event([](NativeRun& run, std::uint32_t i) {
            run.add(EffectKind::alarm_set, i, "soon", {}, ValueView::of(std::int64_t{1'000'000'000}));
            run.add(EffectKind::publish, i, {}, "out", ValueView::of(1.0));
            run.add(EffectKind::publish, i, {}, "out", ValueView::of(2.0));
          }));
  edge.apply({message(1, "d/1", "{}"), message(1, "d/2", "{}")});
  Activation removed;
  removed.removed = true;
  EXPECT_EQ(rows_of(edge.apply({activation(3, name, removed)}), OutboxKind::publish).size(), 4u);
}

TEST_F(Functions, Rule11_rows_are_ordered_by_wave_origin_function_and_index) {
  const auto publisher = [](const std::string& what) {
    return for_each_event([what](NativeRun& run, std::uint32_t i) {
      run.add(EffectKind::publish, i, {}, "out", ValueView::text(what + std::string(run.topic(i)) + "1"));
      run.add(EffectKind::publish, i, {}, "out", ValueView::text(what + std::string(run.topic(i)) + "2"));
      if (run.event(i).trigger == DOPPEL_TRIGGER_TOPIC) run.add(EffectKind::emit, i, "more");
    });
  };
  const std::string grants = "[grants]\npublish = ['out']\n";
  install("b", kOnTopic + "[[trigger]]\nevent = 'more'\n" + grants, publisher("b"));
  install("a", kOnTopic + grants, publisher("a"));
  std::vector<std::string> payloads;
  for (const auto& row : rows_of(edge.apply({message(1, "d/2", "{}"), message(1, "d/1", "{}")}), OutboxKind::publish)) payloads.push_back(row.payload);
  EXPECT_EQ(payloads, (std::vector<std::string>{"ad/21", "ad/22", "bd/21", "bd/22", "ad/11", "ad/12", "bd/11", "bd/12", "bmore1", "bmore2", "bmore1", "bmore2",
                                                "bmore1", "bmore2", "bmore1", "bmore2"}));
}

}  // namespace
}  // namespace doppel

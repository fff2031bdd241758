// A function whose module cannot be loaded: the others go on, its events wait, and a replay does not depend on what it can load.
#include <gtest/gtest.h>

#include "edge_runtime/pipeline/dead_letter_order.h"
#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

const std::string kManifest = "reads = ['v: f64', 'twin.limit: f64']\nwrites = ['sum: f64']\nstate_bytes = 8\n[[trigger]]\ntopic = 'd/#'\n";

void sum(NativeRun& run) {
  for (std::uint32_t i = 0; i < run.events(); ++i) {
    double sum = 0;
    std::memcpy(&sum, run.state(i), sizeof sum);
    sum += *run.number(i, 0) + run.number(i, 1).value_or(0);
    std::memcpy(run.state(i), &sum, sizeof sum);
    run.add(EffectKind::set, i, "sum", {}, ValueView::of(sum));
  }
}

// What an edge was given, so that another can be given the same.
struct Step {
  std::vector<Input> inputs;
  std::vector<Decision> decisions;
};

struct Unavailable : testing::Test {
  NativeFunctions natives;
  Edge edge{natives};
  Activation version = natives.add("f", kManifest, sum);
  std::vector<Step> steps;

  BatchOutput& apply(std::vector<Input> inputs) {
    BatchOutput& output = edge.apply(inputs);
    steps.push_back({std::move(inputs), output.decisions});
    return output;
  }
  void lose_the_module_and_restart() {
    natives.lose(version.module_sha256);
    edge.commit_and_restart();
  }
  static Input value_of(double seconds, double v) { return message(seconds, "d/a", "{\"v\":" + std::to_string(v) + "}"); }
  const ActiveFunction& f() { return edge.pipeline().functions()[*edge.pipeline().functions().find("f")]; }
  std::size_t held() { return edge.pipeline().held_events().count_of("f"); }
  bool has_alert() { return edge.pipeline().alerts().find("fn:f", "unavailable") != nullptr; }
};

TEST_F(Unavailable, Rule18_a_module_that_cannot_be_loaded_at_a_start_is_decided_with_its_first_event_which_is_held) {
  apply({activation(0, "f", version)});
  apply({value_of(1, 1)});
  lose_the_module_and_restart();
  EXPECT_EQ(f().condition(), "unavailable") << "as a person is told at once";
  EXPECT_FALSE(has_alert()) << "nothing local reaches the fold before it is decided";

  const auto& output = apply({message(2, "other", "{\"v\":1}"), value_of(2, 2), value_of(3, 4)});
  ASSERT_EQ(output.decisions.size(), 1u);
  EXPECT_EQ(output.decisions[0].subject, "f");
  EXPECT_EQ(to_number(output.decisions[0].origin), edge.position() - 1);
  EXPECT_NE(output.decisions[0].outcome.find("there is no module " + version.module_sha256), std::string::npos) << output.decisions[0].outcome;
  EXPECT_EQ(rows_of(output, OutboxKind::log).size(), 1u);
  EXPECT_TRUE(apply({value_of(4, 8)}).decisions.empty()) << "decided once";
  EXPECT_EQ(held(), 3u);
  EXPECT_TRUE(has_alert());
  EXPECT_TRUE(edge.dead().empty());
  EXPECT_EQ(edge.twin("d/a").events, 4u);
  EXPECT_EQ(edge.value("d/a", "sum"), "1");
}

TEST_F(Unavailable, what_was_decided_stands_until_an_activation_which_brings_the_events_in_order) {
  apply({activation(0, "f", version)});
  apply({message(1, "d/a", R"({"v":1,"limit":100})")});
  lose_the_module_and_restart();
  apply({value_of(2, 2)});
  version = natives.add("f", kManifest, sum);
  edge.commit_and_restart();
  EXPECT_EQ(f().condition(), "unavailable");
  apply({message(3, "d/a", R"({"v":4,"limit":200})")});
  Input order{RecordKind::dead_letters, at(4), "", ""};
  encode(DeadLetterOrder{"r", DeadLetterOrder::Action::retry, "f", {}}, order.payload);
  EXPECT_EQ(rows_of(apply({order}), OutboxKind::http_reply).at(0).payload, R"({"found":0,"done":0,"applied":0,"failed":0,"first_failed":null,"held":0})");
  EXPECT_EQ(held(), 2u) << "a retry finds no module either";
  EXPECT_TRUE(has_alert());

  apply({activation(5, "f", version)});
  EXPECT_EQ(f().condition(), "active");
  EXPECT_EQ(held(), 0u);
  EXPECT_FALSE(has_alert());
  EXPECT_EQ(edge.value("d/a", "sum"), "407") << "each with the limit that its twin had when it came: 101, 102, 204";
}

TEST_F(Unavailable, Rule18_a_replay_that_has_the_module_obeys_and_gives_the_same_tables) {
  apply({activation(0, "f", version)});
  apply({value_of(1, 1)});
  lose_the_module_and_restart();
  apply({value_of(2, 2), value_of(3, 4)});
  edge.commit_and_restart();
  apply({value_of(4, 8)});
  const Activation again = natives.add("f", kManifest, sum);
  apply({activation(5, "f", again)});
  apply({value_of(6, 16)});

  NativeFunctions complete;
  ASSERT_EQ(complete.add("f", kManifest, sum).module_sha256, version.module_sha256);
  ASSERT_EQ(complete.add("f", kManifest, sum).module_sha256, again.module_sha256);
  Edge replay(complete);
  for (const auto& step : steps) EXPECT_TRUE(replay.apply(step.inputs, step.decisions).decisions.empty());
  EXPECT_EQ(replay.commit(), edge.commit());
  EXPECT_EQ(replay.value("d/a", "sum"), "31");
}

TEST_F(Unavailable, a_batch_that_decides_and_then_activates_is_replayed_alike) {
  const Activation alarmed = natives.add("g", "[[trigger]]\ntopic = 'd/#'\n[[trigger]]\nalarm = 'later'\n", [](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      if (run.topic(i) == "d/a") run.add(EffectKind::alarm_set, i, "later", {}, ValueView::of(std::int64_t{1'000'000'000}));
    }
  });
  apply({activation(0, "g", alarmed)});
  apply({value_of(1, 1)});
  natives.lose(alarmed.module_sha256);
  edge.commit_and_restart();
  const Activation again = natives.add("g", "[[trigger]]\ntopic = 'd/#'\n", [](NativeRun&) {});
  const auto& output = apply({activation(3, "g", again)});
  ASSERT_EQ(output.decisions.size(), 1u) << "the alarm fell due before the record";
  EXPECT_EQ(edge.pipeline().functions()[0].condition(), "active");

  const Tables tables = edge.commit();
  NativeFunctions complete;
  complete.add("f", kManifest, sum);
  complete.add("g", "", [](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      if (run.topic(i) == "d/a") run.add(EffectKind::alarm_set, i, "later", {}, ValueView::of(std::int64_t{1'000'000'000}));
    }
  });
  complete.add("g", "", [](NativeRun&) {});
  Edge replay(complete);
  for (const auto& step : steps) EXPECT_TRUE(replay.apply(step.inputs, step.decisions).decisions.empty());
  EXPECT_EQ(replay.pipeline().functions()[0].condition(), "active");
  EXPECT_EQ(replay.commit(), tables);
}

TEST_F(Unavailable, a_removed_function_leaves_no_alert) {
  apply({activation(0, "f", version)});
  lose_the_module_and_restart();
  apply({value_of(1, 1)});
  ASSERT_TRUE(has_alert());
  Activation gone;
  gone.removed = true;
  const auto& output = apply({activation(2, "f", gone)});
  EXPECT_FALSE(has_alert());
  EXPECT_EQ(rows_of(output, OutboxKind::replacement).size(), 1u) << "it is taken back above";
  EXPECT_EQ(edge.pipeline().held_events().bytes(), 0u);
}

}  // namespace
}  // namespace doppel

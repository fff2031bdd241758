// Rule 12: whatever the borders of batches, a twin is what its events make of it one at a time; and what a restart finds in the
// store is all that state depends on.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

// A function that keeps state, one that reads what is reported, one that reads what it writes, one that reads what another writes.
void install(NativeFunctions& natives, std::vector<Input>& inputs, bool only_payload) {
  const std::string trigger = "\n[[trigger]]\ntopic = '#'\n";
  const auto put = [&](const std::string& name, const std::string& manifest, NativeFunction body) {
    inputs.push_back(activation(0, name, natives.add(name, manifest + trigger, std::move(body))));
  };
  put("count", "state_bytes = 8\nreads = ['t: f64']\nwrites = ['seen: i64', 'doubled: f64']", [](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      std::int64_t seen = 0;
      std::memcpy(&seen, run.state(i), sizeof seen);
      ++seen;
      std::memcpy(run.state(i), &seen, sizeof seen);
      run.add(EffectKind::set, i, "seen", {}, ValueView::of(seen));
      if (const auto t = run.number(i, 0)) run.add(EffectKind::set, i, "doubled", {}, ValueView::of(2 * *t));
      if (run.event(i).seed % 5 == 0) run.add(EffectKind::remove, i, "doubled");
    }
  });
  if (only_payload) return;
  put("high", "reads = ['twin.t: f64', 'twin.highest: f64']\nwrites = ['highest: f64']", [](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      const auto t = run.number(i, 0), highest = run.number(i, 1);
      if (t && (!highest || *t > *highest)) run.add(EffectKind::set, i, "highest", {}, ValueView::of(*t));
    }
  });
  put("late", "reads = ['twin.highest: f64', 'twin.seen: f64']\nwrites = ['label: string', 'sum: f64']\n[grants]\nsend = ['sums/#']", [](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      const double sum = run.number(i, 0).value_or(0) + run.number(i, 1).value_or(0);
      run.add(EffectKind::set, i, "sum", {}, ValueView::of(sum));
      run.add(EffectKind::set, i, "label", {}, ValueView::text(std::string(static_cast<std::size_t>(sum) % 40, 'x')));
      run.add(EffectKind::send, i, "note", "sums/all", ValueView::of(sum));
    }
  });
}

std::vector<Input> random_messages(std::mt19937& random, std::size_t count) {
  std::vector<Input> inputs;
  for (std::size_t i = 0; i < count; ++i) {
    const double arrival = 1 + static_cast<double>(i) * 0.01;
    const double time = arrival - static_cast<double>(random() % 4) * 0.02;  // some are out of order
    std::string payload = "{\"ts\":\"" + format_rfc3339(at(time)) + "\"";
    if (random() % 4 != 0) payload += ",\"t\":" + std::to_string(random() % 100);
    if (random() % 3 == 0) payload += ",\"name\":\"" + std::string(random() % 30, 'n') + "\"";
    inputs.push_back(message(arrival, "d/" + std::to_string(random() % 5), payload + "}"));
  }
  return inputs;
}

class RandomBorders : public testing::TestWithParam<unsigned> {
 protected:
  void compare(bool only_payload) {
    std::mt19937 random(GetParam());
    NativeFunctions natives;
    std::vector<Input> control;
    install(natives, control, only_payload);
    const auto messages = random_messages(random, 300);
    Edge one(natives), many(natives);
    one.apply_each(control);
    many.apply_each(control);
    one.apply_each(messages);
    for (std::size_t i = 0; i < messages.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 60, messages.size() - i);
      many.apply({messages.begin() + static_cast<std::ptrdiff_t>(i), messages.begin() + static_cast<std::ptrdiff_t>(i + size)});
      i += size;
      if (random() % 4 == 0) many.commit_and_restart();
    }
    for (const char* table : {"twin", "function_state", "window"}) EXPECT_TRUE(one.commit().at(table) == many.commit().at(table)) << table;
    EXPECT_TRUE(one.dead().empty());
    EXPECT_EQ(one.pipeline().counts().events, 300u);
  }
};

TEST_P(RandomBorders, Rule12_functions_that_read_payloads_only) { compare(true); }
TEST_P(RandomBorders, Rule12_functions_that_read_what_is_reported_and_written) { compare(false); }
INSTANTIATE_TEST_SUITE_P(Seeds, RandomBorders, testing::Range(1u, 9u));

class Restarts : public testing::TestWithParam<unsigned> {};

// The same batches, with and without restarts: every table is the same to the byte, and so is every row that leaves.
TEST_P(Restarts, Rule10_every_fold_table_is_a_function_of_the_journal) {
  std::mt19937 random(GetParam());
  NativeFunctions natives;
  std::vector<Input> control;
  PipelineConfig config;
  config.edge = "e1";
  config.mapping.rules.push_back(mapping_rule("plant/{area}/{id}", "{id}", "pump"));
  config.windows = {{"10s", std::chrono::seconds(10), {"area"}, {"*"}}, {"1m", std::chrono::minutes(1), {}, {"t", "a*"}}};
  config.window_rules.max_rows = 30;
  config.window_rules.retain = std::chrono::seconds(90);
  config.window_rules.flush = std::chrono::seconds(3);
  config.max_names = 60;
  config.max_twins = 9;
  config.max_dead_letters = 20;
  config.uplink_twins = {"#"};
  control.push_back(configuration(0, config));
  install(natives, control, false);
  control.push_back(activation(0, "alerts", natives.add("alerts", "reads = ['t: f64']\n[[trigger]]\ntopic = 'plant/#'\n[[trigger]]\nalarm = 'soon'\n[[trigger]]\ntwin_change = []\n[grants]\npublish = ['out/#']\n", [](NativeRun& run) {
    for (std::uint32_t i = 0; i < run.events(); ++i) {
      const auto t = run.number(i, 0);
      if (t && *t > 90) return run.end(RunOutcome::trap, i, "too hot");
      if (t && *t > 50) run.add(EffectKind::alert_raise, i, "warm", {}, ValueView::of(*t));
      if (t && *t < 20) run.add(EffectKind::alert_clear, i, "warm");
      if (t) run.add(EffectKind::alarm_set, i, "soon", {}, ValueView::of(std::int64_t{2'000'000'000}));
      run.add(EffectKind::publish, i, {}, "out/x", ValueView::of(static_cast<std::int64_t>(run.event(i).seed)), 1);
      run.log("a line");
    }
  })));
  Edge steady(natives), restarted(natives);
  steady.apply_each(control);
  restarted.apply_each(control);
  double now = 1;
  for (int batch = 0; batch < 120; ++batch) {
    std::vector<Input> inputs;
    for (auto left = 1 + random() % 12; left != 0; --left) {
      now += 0.05 * static_cast<double>(random() % 20);
      std::string payload = "{\"ts\":\"" + format_rfc3339(at(now - static_cast<double>(random() % 100))) + "\",\"t\":" + std::to_string(random() % 100) + ",\"p" +
                            std::to_string(random() % 70) + "\":\"" + std::string(random() % 20, 'v') + "\"}";
      Input input = message(now, "plant/a" + std::to_string(random() % 4) + "/d" + std::to_string(random() % 12), random() % 20 == 0 ? "{broken" : payload);
      input.delivery.qos = 1;
      input.delivery.packet_id = static_cast<std::uint16_t>(random() % 5);
      input.delivery.session = static_cast<std::uint32_t>(1 + batch / 30);
      input.delivery.retained = random() % 10 == 0;
      if (random() % 10 == 0) input = set_record(now, "d" + std::to_string(random() % 12), {"r", "t", Value(ValueView::of(std::int64_t{5})), std::nullopt});
      inputs.push_back(std::move(input));
    }
    if (batch % 40 == 39) inputs = {number_record(RecordKind::clock_step, now, 500'000'000)};
    if (batch == 75) inputs = {configuration(now, config)};
    const auto want = steady.apply(inputs).rows;
    const auto got = restarted.apply(inputs).rows;
    ASSERT_EQ(want.size(), got.size()) << batch;
    for (std::size_t i = 0; i < want.size(); ++i) {
      ASSERT_EQ(want[i].target, got[i].target) << batch;
      ASSERT_EQ(want[i].payload, got[i].payload) << batch << ' ' << want[i].target;
      ASSERT_EQ(want[i].revision, got[i].revision) << batch;
    }
    if (random() % 3 == 0) restarted.commit_and_restart();
  }
  for (const auto& [table, rows] : steady.commit()) EXPECT_TRUE(rows == restarted.commit().at(table)) << table;
  EXPECT_EQ(steady.pipeline().next_due(), restarted.pipeline().next_due());
  EXPECT_GT(steady.pipeline().dead_letters().counts_by_reason().at("trap"), 0u);
  EXPECT_GT(steady.pipeline().dead_letters().counts_by_reason().at("name_limit"), 0u);
  EXPECT_GT(steady.pipeline().dead_letters().counts_by_reason().at("twin_limit"), 0u);
  EXPECT_GT(steady.pipeline().windows().ledger().rows_evicted, 0u);
}
INSTANTIATE_TEST_SUITE_P(Seeds, Restarts, testing::Range(1u, 4u));

}  // namespace
}  // namespace doppel

#include "tests/simulation/settings.h"

#include <algorithm>

namespace doppel::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp(seconds(1'800'000'000));

template <class T, std::size_t N>
T one_of(Random& random, const T (&values)[N]) {
  return values[random.below(N)];
}

void choose_settings(Random& random, NodeOptions& options) {
  options.journal.sync_interval = milliseconds(one_of(random, {20, 100, 1000}));
  options.journal.budget_bytes = options.journal.segment_bytes * static_cast<std::uint64_t>(random.between(4, 12));
  options.journal.keep = std::chrono::hours(random.percent(30) ? 0 : 24);
  options.lane.batch_records = static_cast<std::size_t>(one_of(random, {3, 10, 1000}));
  options.lane.commit_interval = milliseconds(one_of(random, {50, 1000, 10'000, 60'000}));
}

WindowSpec window_of(int length_s) {
  WindowSpec window;
  window.name = std::to_string(length_s) + "s";
  window.length = seconds(length_s);
  return window;
}

// Devices below "dev/" become twins below "m/", with two of their three fields.
MappingRule renaming_rule() {
  MappingRule rule;
  rule.topic = "dev/{id}";
  rule.twin = "m/{id}";
  rule.fields = {{"/n", "n"}, {"/v", "v"}};
  return rule;
}

}  // namespace

NodeOptions node_options(Random& random, const std::string& name, Mutation mutation) {
  NodeOptions options;
  options.name = name;
  options.start = kStart + seconds(random.between(0, 30));
  options.journal.sync = one_of(random, {SyncPolicy::interval, SyncPolicy::interval, SyncPolicy::always, SyncPolicy::never});
  options.journal.segment_bytes = 64u << 10;
  choose_settings(random, options);
  if (random.percent(20)) options.outbox.max_publications = 2;
  options.mutation = mutation;
  return options;
}

NodeOptions with_other_settings(Random& random, NodeOptions options) {
  if (options.journal.sync != SyncPolicy::never) options.journal.sync = one_of(random, {SyncPolicy::interval, SyncPolicy::always});
  const auto budget_bytes = options.journal.budget_bytes;
  choose_settings(random, options);
  options.journal.budget_bytes = std::max(options.journal.budget_bytes, budget_bytes);
  return options;
}

PipelineConfig pipeline_config(Random& random, const std::string& edge) {
  PipelineConfig config;
  config.edge = edge;
  config.windows = {window_of(10)};
  config.window_rules.lateness = seconds(2);
  config.window_rules.flush = seconds(random.between(1, 5));
  config.uplink_twins = {"dev/#", "m/#"};
  return config;
}

uplink::BacklogLimits backlog_limits(Random& random) {
  uplink::BacklogLimits limits;
  if (random.percent(30)) limits.rows = 8;
  return limits;
}

PipelineConfig another_config(Random& random, PipelineConfig config) {
  config.windows.clear();
  for (const int length_s : {10, 15, 60}) {
    if (random.percent(60)) config.windows.push_back(window_of(length_s));
  }
  config.window_rules.lateness = seconds(random.between(0, 5));
  config.window_rules.flush = seconds(random.between(1, 5));
  config.mapping.rules.clear();
  if (random.percent(30)) config.mapping.rules.push_back(renaming_rule());
  config.uplink_twins = {"dev/#", "m/#"};
  if (random.percent(30)) config.uplink_twins = {"dev/d0", "m/+"};
  return config;
}

std::string twin_of(const Mapping& mapping, const std::string& topic) {
  return mapping.rules.empty() ? topic : "m/" + topic.substr(topic.find('/') + 1);
}

}  // namespace doppel::simulation

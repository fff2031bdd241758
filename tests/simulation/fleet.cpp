#include "tests/simulation/fleet.h"

#include <cerrno>
#include <cstdio>

#include "tests/simulation/checker.h"

namespace doppel::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart = Timestamp(seconds(1'800'000'000));

template <class T, std::size_t N>
T one_of(Random& random, const T (&values)[N]) {
  return values[random.below(N)];
}

NodeOptions node_options(Random& random, const std::string& name, Mutation mutation) {
  NodeOptions options;
  options.name = name;
  options.start = kStart + seconds(random.between(0, 30));
  options.journal.sync = one_of(random, {SyncPolicy::interval, SyncPolicy::interval, SyncPolicy::always, SyncPolicy::never});
  options.journal.sync_interval = milliseconds(one_of(random, {20, 100, 1000}));
  options.journal.segment_bytes = 64u << 10;
  options.journal.budget_bytes = (64u << 10) * static_cast<std::uint64_t>(random.between(4, 12));
  options.journal.keep = std::chrono::hours(random.percent(30) ? 0 : 24);
  options.lane.batch_records = static_cast<std::size_t>(one_of(random, {3, 10, 1000}));
  options.lane.commit_interval = milliseconds(one_of(random, {50, 1000, 10'000, 60'000}));
  options.mutation = mutation;
  return options;
}

PipelineConfig pipeline_config(Random& random, const std::string& edge) {
  PipelineConfig config;
  config.edge = edge;
  WindowSpec window;
  window.name = "10s";
  window.length = seconds(10);
  config.windows = {window};
  config.window_rules.lateness = seconds(2);
  config.window_rules.flush = seconds(random.between(1, 5));
  config.uplink_twins = {"dev/#"};
  return config;
}

}  // namespace

Fleet::Fleet(const RunOptions& options)
    : options_(options), world_(options.seed), broker_(world_), network_(world_, world_.random().below(6)), length_(seconds(world_.random().between(10, 60))) {
  world_.traces = options.traces;
  auto& random = world_.random();
  const auto edges = static_cast<std::size_t>(random.between(1, 3));
  for (std::size_t i = 0; i < edges; ++i) {
    const std::string name = "edge-" + std::to_string(i);
    edges_.push_back(std::make_unique<SimEdge>(
        world_, broker_, node_options(random, name, options.mutation), EdgeOptions{i, pipeline_config(random, name), "north"},
        [this, i](const std::string& peer, const std::string& bytes) {
          network_.carry(i, [this, peer, bytes] { coordinator_->receive(peer, bytes); });
        }));
    stories_.emplace_back();
  }
  auto above = node_options(random, "coord", options.mutation);
  if (above.journal.sync == SyncPolicy::never) above.journal.sync = SyncPolicy::interval;
  // A frame of rows is one record.
  above.journal.segment_bytes = 512u << 10;
  above.journal.budget_bytes = 8 * above.journal.segment_bytes;
  coordinator_ = std::make_unique<SimCoordinator>(world_, above, [this](const std::string& peer, const std::string& bytes) {
    const auto edge = static_cast<std::size_t>(peer[5] - '0');  // "edge-N#..."
    network_.carry(edge, [this, edge, peer, bytes] { edges_[edge]->receive_from_above(peer, bytes); });
  });
}

Fleet::~Fleet() = default;

RunCounts Fleet::run() {
  plan_messages();
  plan_faults();
  plan_changes();
  coordinator_->boot();
  for (auto& edge : edges_) edge->boot();
  world_.run_until(length_);
  settle();
  check();
  RunCounts counts;
  counts.publications = said_.size();
  for (auto& edge : edges_) {
    counts.processes += edge->processes() + 1;
    counts.lawfully_lost += edge->lawfully_lost();
    counts.operations += edge->disk().operations();
  }
  return counts;
}

void Fleet::plan_messages() {
  auto& random = world_.random();
  for (auto left = random.between(20, 250); left > 0; --left) {
    world_.at(Duration(random.between(0, length_.count())), [this] { say(world_.random().below(edges_.size()), world_.random().percent(5) ? world_.random().below(12'000) : 0); });
  }
}

void Fleet::say(std::size_t edge, std::size_t padding) {
  auto& random = world_.random();
  const std::uint64_t number = said_.size();
  Said said;
  said.edge = edge;
  said.qos = random.percent(85) ? 1 : 0;
  said.twin = std::string(said.qos == 0 ? "dev/z" : "dev/d") + std::to_string(random.below(5));
  said.is_malformed = said.qos == 1 && random.percent(3);
  said.time = edges_[edge]->clock().wall() - milliseconds(random.percent(20) ? random.between(0, 60'000) : 0);
  said.v = static_cast<double>(random.between(0, 40));
  said.w = static_cast<double>(random.below(1u << 30)) * 1024 + static_cast<double>(number);
  Publication publication{number, said.twin, "", said.qos};
  char text[256];
  std::snprintf(text, sizeof text, "{\"n\":%llu,\"v\":%.0f,\"w\":%.0f,\"ts\":\"%s\"", static_cast<unsigned long long>(number), said.v, said.w,
                format_rfc3339(said.time).c_str());
  publication.payload = text;
  if (!said.is_malformed) {
    if (padding > 0) publication.payload += ",\"pad\":\"" + std::string(padding, 'x') + '"';
    publication.payload += '}';
  }
  said_.push_back(said);
  broker_.send_to(edge, publication);
}

void Fleet::plan_faults() {
  auto& random = world_.random();
  for (auto left = random.between(0, 12); left > 0; --left) world_.at(Duration(random.between(0, length_.count())), [this] { do_fault(); });
}

void Fleet::do_fault() {
  auto& random = world_.random();
  auto& edge = some_edge();
  const auto number = edge.number();
  switch (random.below(12)) {
    case 10:  // more than the journal has room for, while the lane is held up
      edge.stall_lane(milliseconds(random.between(100, 15'000)));
      for (auto left = random.between(5, 40); left > 0; --left) say(number, 4'000 + random.below(8'000));
      return;
    case 11:
      if (random.percent(70)) return;
      stories_[number].lost_its_past = true;
      return edge.replace_disk();
    case 0: return broker_.cut(number);
    case 1:
      broker_.stop();
      return world_.after(milliseconds(random.between(10, 5000)), [this] { broker_.start(); });
    case 2:
      network_.cut(number);
      edge.uplink_is_cut();
      if (random.percent(50)) coordinator_->lost(edge.peer());
      return world_.after(milliseconds(random.between(10, 40'000)), [this, number] {
        network_.join(number);
        edges_[number]->uplink_is_back();
      });
    case 3:
    case 4: return do_fault(*coordinator_);
    default: return do_fault(edge);
  }
}

void Fleet::do_fault(Node& node) {
  auto& random = world_.random();
  switch (random.below(10)) {
    case 0: return node.kill();
    case 1:
    case 2:
    case 3: return node.kill_within(static_cast<std::uint64_t>(random.between(1, 80)));
    case 4:
    case 5: return node.cut_power();
    case 6: return node.stop_cleanly();
    case 7: return node.fail_disk(static_cast<std::uint64_t>(random.between(1, 50)), EIO, seconds(random.between(1, 5)));
    case 8: return node.fill_disk(seconds(random.between(1, 10)));
    default: return node.step_clock(seconds(random.between(-50, 50)));
  }
}

// What people do meanwhile.
void Fleet::plan_changes() {
  auto& random = world_.random();
  for (auto left = random.between(0, 8); left > 0; --left) world_.at(Duration(random.between(0, length_.count())), [this] { do_change(); });
}

void Fleet::do_change() {
  auto& random = world_.random();
  auto& edge = some_edge();
  const auto functions = sim_functions(version_);
  const auto& function = functions[random.below(functions.size())];
  switch (random.below(8)) {
    case 0:
    case 1: return coordinator_->deploy(function, random.percent(70) ? "*" : "region:north");
    case 2: return coordinator_->withdraw(function.name);
    case 3: ++version_; return;
    case 4: return edge.move_to(random.percent(50) ? "north" : "south");
    case 5: return edge.set_property("dev/d" + std::to_string(random.below(5)), "limit", random.between(0, 3));
    case 6: return edge.install(function);
    default: return edge.upgrade(" upgraded " + std::to_string(random.below(3)));
  }
}

// Everything is healed, and time goes on until all is still.
void Fleet::settle() {
  for (auto& edge : edges_) {
    edge->stay_up();
    edge->disk().heal();
    network_.join(edge->number());
  }
  network_.set_losses(0);
  coordinator_->stay_up();
  coordinator_->disk().heal();
  constexpr int kLongest = 600;
  for (int second = 0; second < kLongest; ++second) {
    world_.run_until(world_.now() + seconds(1));
    bool settled = second > 120;
    for (auto& edge : edges_) settled = settled && edge->has_settled();
    if (settled) return;
  }
  for (auto& edge : edges_) {
    if (!edge->has_settled()) throw Broken("all is delivered once all is healed", edge->name() + " has not settled after ten minutes: " + edge->what_waits());
  }
}

void Fleet::check() {
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    EdgeChecker(*edges_[i], broker_, said_, stories_[i]).check();
    check_replay(*edges_[i], world_.random().split());
    // With `never` a power cut may take what has left already. What the coordinator then holds is told from its revisions only if the
    // edge is heard before its next restart.
    if (!edges_[i]->may_send_unsynced() || edges_[i]->lawfully_lost() == 0) check_above(*edges_[i], *coordinator_, stories_[i]);
  }
}

}  // namespace doppel::simulation

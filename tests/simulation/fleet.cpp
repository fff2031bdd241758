#include "tests/simulation/fleet.h"

#include "tests/simulation/checker.h"
#include "tests/simulation/settings.h"

namespace doppel::simulation {

using std::chrono::seconds;

Fleet::Fleet(const RunOptions& options)
    : options_(options),
      world_(options.seed),
      broker_(world_, world_.random().percent(50) ? SimBroker::Retained::to_new_subscriptions : SimBroker::Retained::to_every_subscription),
      network_(world_, world_.random().below(6)),
      length_(seconds(world_.random().between(10, 60))) {
  world_.traces = options.traces;
  auto& random = world_.random();
  const auto edges = static_cast<std::size_t>(random.between(1, 3));
  for (std::size_t i = 0; i < edges; ++i) {
    const std::string name = "edge-" + std::to_string(i);
    edges_.push_back(std::make_unique<SimEdge>(
        world_, broker_, node_options(random, name, options.mutation), EdgeOptions{i, pipeline_config(random, name), "north", backlog_limits(random)},
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
  plan(20, 250, [this] { say(world_.random().below(edges_.size()), world_.random().percent(5) ? world_.random().below(12'000) : 0); });
  plan(0, 12, [this] { do_fault(); });
  plan_old_disk();
  plan(0, 8, [this] { do_change(); });
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
    EdgeChecker checker(*edges_[i], broker_, said_, stories_[i]);
    checker.check();
    check_replay(*edges_[i], world_.random().split());
    // With `never` a power cut may take what has left already. What the coordinator then holds is told from its revisions only if the
    // edge is heard before its next restart.
    if (!edges_[i]->may_send_unsynced() || edges_[i]->lawfully_lost() == 0) check_above(*edges_[i], *coordinator_, checker.model(), stories_[i]);
  }
}

}  // namespace doppel::simulation

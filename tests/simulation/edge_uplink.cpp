// The edge as a member of its fleet: rows, receipts and desired state over the simulated network.
#include <algorithm>
#include <utility>

#include "tests/simulation/edge.h"

namespace doppel::simulation {

void SimEdge::look_for_old_disk() {
  was_missed_ = was_missed_ || is_to_be_noticed_;
  is_to_be_noticed_ = past().size() != past_seen_ && past().back().next_from != Position::none;
  past_seen_ = past().size();
}

void SimEdge::start_uplink() {
  region_now_ = edge_.region;
  auto& parts = process();
  auto identity = FleetMember::identity(name(), region_now_, "simulation", *parts.lane, *parts.outbox);
  if (options().mutation == Mutation::hide_old_disk) identity.recovered_mark = UINT64_MAX;
  uplink_ = std::make_unique<uplink::UplinkEdge>(std::move(identity), edge_.backlog);
  member_ = std::make_unique<FleetMember>(FleetMember::Parts{*pipeline_, *parts.journal, *parts.outbox, *parts.blobs, clock(), log()}, member_calls(),
                                          parts.lane->applied().incarnation);
  member_->use(*this);
  member_turn_at_ = Duration::max();
  member_->after_batch(parts.lane->applied());
  wake_member(Duration(0));
  tick_uplink();
}

FleetMember::Calls SimEdge::member_calls() {
  FleetMember::Calls calls;
  calls.wake = [this] { wake_member(std::chrono::microseconds(random().between(10, 2000))); };
  calls.post = [this](std::function<void(Lane&)> question) {
    post([this, question = std::move(question)] { question(*process().lane); });
    return true;
  };
  calls.check = [](const uplink::DesiredFunction& function, std::string_view, std::size_t) {
    const auto manifest = parse_manifest(function.manifest);
    return manifest ? Result<void>() : Result<void>(manifest.error());
  };
  calls.activate = [this](const uplink::DesiredFunction& function) {
    world().trace(name(), "activates", function.name.text(), function.manifest.substr(0, 40));
    return append(function.name.text(), {.removed = false, .origin = Origin::fleet, .manifest = function.manifest, .module_sha256 = function.module_sha256});
  };
  calls.remove = [this](const std::string& function) {
    world().trace(name(), "removes", function);
    return append(function, {.removed = true, .origin = Origin::fleet, .manifest = {}, .module_sha256 = {}});
  };
  calls.node_status = [] { return std::string("{}"); };
  calls.fresh_incarnation = [this] { return fresh_incarnation(); };
  calls.fail_stop = [this](const Error& error) { fail_stop(error.message); };
  return calls;
}

void SimEdge::wake_member(Duration delay) {
  const Duration at = world().now() + delay;
  if (at >= member_turn_at_) return;
  member_turn_at_ = at;
  later(delay, [this, number = ++member_turn_] {
    if (number != member_turn_) return;
    member_turn_at_ = Duration::max();
    if (const auto wake = member_->turn()) wake_member(std::max(*wake - clock().monotonic(), Duration(1'000'000)));
  });
}

Result<void> SimEdge::put(const OutboxRow& row) {
  auto done = uplink_->put(clock().monotonic(), row);
  if (done) tick_uplink();
  return done;
}

void SimEdge::step_uplink(uplink::EdgeInput input) {
  std::vector<uplink::EdgeAction> actions;
  uplink_->step(clock().monotonic(), std::move(input), actions);
  for (auto& action : actions) perform(action);
  if (uplink_->counters().connected) is_to_be_noticed_ = false;
  const auto wait = std::max(uplink_->next_step(clock().monotonic()) - clock().monotonic(), Duration(1'000'000));
  later(wait, [this, number = ++uplink_tick_] {
    if (number == uplink_tick_) step_uplink(uplink::edge_input::Tick{});
  });
}

void SimEdge::tick_uplink() {
  later(Duration(1'000'000), [this, number = ++uplink_tick_] {
    if (number == uplink_tick_) step_uplink(uplink::edge_input::Tick{});
  });
}

void SimEdge::perform(uplink::EdgeAction& action) {
  using namespace uplink::edge_action;
  if (disk().is_frozen()) return;
  if (auto* frame = std::get_if<Send>(&action)) {
    send_up_(peer(), frame->bytes);
  } else if (auto* receipts = std::get_if<Acknowledged>(&action)) {
    member_->acknowledged(receipts->items);
  } else if (const auto* superseded = std::get_if<IncarnationSuperseded>(&action)) {
    member_->superseded(superseded->held, superseded->known);
  } else if (const auto* rows = std::get_if<WantRows>(&action)) {
    member_->rows_wanted(rows->which);
  } else if (auto* arrived = std::get_if<DesiredArrived>(&action)) {
    world().trace(name(), "is to have", arrived->desired.functions.size(), "functions, generation", arrived->desired.generation);
    member_->desired(std::move(arrived->desired));
  } else if (auto* blob = std::get_if<BlobArrived>(&action)) {
    world().trace(name(), "fetched", blob->sha256.substr(0, 8), blob->content ? "" : blob->content.error().message);
    member_->blob(blob->sha256, std::move(blob->content));
  } else if (const auto* note = std::get_if<Note>(&action)) {
    log().write(note->level, note->event, {{"detail", note->detail}});
  }
}

void SimEdge::receive_from_above(const std::string& to, const std::string& bytes) {
  if (is_up() && to == peer()) run([&] { step_uplink(uplink::edge_input::Received{bytes}); });
}

void SimEdge::uplink_is_cut() {
  if (is_up()) run([&] { step_uplink(uplink::edge_input::Disconnected{}); });
}

void SimEdge::uplink_is_back() {
  if (is_up()) run([&] { step_uplink(uplink::edge_input::Connected{}); });
}

}  // namespace doppel::simulation

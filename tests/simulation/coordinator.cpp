#include "tests/simulation/coordinator.h"

#include <algorithm>
#include <utility>

namespace doppel::simulation {
namespace {

constexpr Duration kDesiredLook = std::chrono::milliseconds(500);
constexpr Duration kSyncLook = std::chrono::milliseconds(10);

}  // namespace

SimCoordinator::SimCoordinator(World& world, NodeOptions options, SendToEdge send) : Node(world, std::move(options)), send_(std::move(send)) {}

SimCoordinator::~SimCoordinator() { disk().freeze(); }

Fold& SimCoordinator::make_fold() {
  fold_ = std::make_unique<MergeFold>(MergeLimits{});
  return *fold_;
}

Result<void> SimCoordinator::start() {
  sessions_ = std::make_unique<uplink::UplinkCoordinator>(uplink::CoordinatorOptions{.program = "simulation"});
  blobs_ = std::make_unique<uplink::BlobReader>(*process().blobs);
  generation_ = fold_->generation();
  later(kDesiredLook, [this] { look_at_desired(); });
  return {};
}

void SimCoordinator::end() {
  sessions_.reset();
  blobs_.reset();
  process().lane.reset();
  process().committer.reset();
  fold_.reset();
}

void SimCoordinator::receive(const std::string& peer, const std::string& bytes) {
  if (is_up()) run([&] { step(uplink::coordinator_input::Received{peer, std::nullopt, bytes}); });
}

void SimCoordinator::lost(const std::string& peer) {
  if (is_up()) run([&] { step(uplink::coordinator_input::PeerLost{peer}); });
}

void SimCoordinator::step(uplink::CoordinatorInput input) {
  if (sessions_ == nullptr) return;
  std::vector<Action> actions;
  sessions_->step(clock().monotonic(), std::move(input), actions);
  for (auto& action : actions) {
    std::visit([this](auto& each) { perform(each); }, action);
  }
  const auto wait = std::max(sessions_->next_step(clock().monotonic()) - clock().monotonic(), std::chrono::duration_cast<Duration>(std::chrono::milliseconds(1)));
  later(wait, [this, number = ++tick_] { tick(number); });
}

void SimCoordinator::tick(std::uint64_t number) {
  if (number == tick_) step(uplink::coordinator_input::Tick{});
}

void SimCoordinator::look_at_desired() {
  const auto generation = fold_->generation();
  if (std::exchange(generation_, generation) != generation) step(uplink::coordinator_input::RefreshDesired{});
  later(kDesiredLook, [this] { look_at_desired(); });
}

void SimCoordinator::perform(uplink::coordinator_action::Send& action) {
  if (!disk().is_frozen()) send_(action.peer, action.bytes);
}

void SimCoordinator::perform(uplink::coordinator_action::Append& action) {
  const auto position = process().journal->append({.kind = RecordKind::uplink, .topic = action.edge.text(), .payload = action.bytes});
  if (!position) fail_stop(position.error().message);
  step(uplink::coordinator_input::Journaled{action.ticket, *position});
  look_at_journal(*position);
}

void SimCoordinator::look_at_journal(Position wanted) {
  const auto synced = process().journal->last_synced();
  step(uplink::coordinator_input::Synced{synced});
  if (synced < wanted) later(kSyncLook, [this, wanted] { look_at_journal(wanted); });
}

void SimCoordinator::perform(uplink::coordinator_action::LookUp& action) {
  post([this, action] {
    step(uplink::coordinator_input::LookedUp{action.peer, action.session, fold_->standing_of(action.hello, action.position)});
  });
}

void SimCoordinator::perform(uplink::coordinator_action::ReadBlob& action) {
  auto part = blobs_->read(clock().monotonic(), action.wanted);
  uplink::coordinator_action::Send reply{action.peer, encode(uplink::Frame{action.session, std::move(part)})};
  perform(reply);
}

void SimCoordinator::perform(uplink::coordinator_action::Note& action) {
  log().write(action.level, action.event, {{"edge", action.edge.text()}, {"detail", action.detail}});
}

// As CoordinatorService does it: the module is on the disk before the record that names it, and an answer waits for the sync.
void SimCoordinator::deploy(const SimFunction& function, const std::string& edges) {
  if (!is_up()) return;
  world().trace(name(), "deploys", function.name, function.module, "to", edges);
  run([&] {
    if (auto kept = process().blobs->put(function.module); !kept) fail_stop(kept.error().message);
    append_desired({false, {FunctionName(function.name), function.manifest, function.module_sha256()}, *parse_selector(edges)});
  });
}

void SimCoordinator::withdraw(const std::string& function) {
  if (!is_up()) return;
  world().trace(name(), "withdraws", function);
  run([&] {
    DesiredChange change;
    change.removed = true;
    change.function.name = FunctionName(function);
    append_desired(change);
  });
}

void SimCoordinator::append_desired(const DesiredChange& change) {
  const auto payload = encode(change);
  const auto position = process().journal->append({.kind = RecordKind::desired, .topic = kDesiredFunctionTopic, .payload = payload});
  if (!position) fail_stop(position.error().message);
  if (auto synced = process().journal->sync(); !synced) fail_stop(synced.error().message);
}

}  // namespace doppel::simulation

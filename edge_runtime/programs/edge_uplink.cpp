#include "edge_runtime/programs/edge_uplink.h"

#include <algorithm>

namespace doppel {
namespace {

Result<std::optional<uplink::ClientSecurity>> security_of(const EdgeConfig& config) {
  if (config.uplink.coordinator_key.empty()) return std::optional<uplink::ClientSecurity>();
  const std::string file = config.uplink.key_file.empty() ? config.data + "/uplink.key" : config.uplink.key_file;
  auto keys = uplink::load_or_make_curve_keys(file);
  if (!keys) return keys.error();
  return std::optional(uplink::ClientSecurity{std::move(*keys), config.uplink.coordinator_key});
}

Result<void> outcome_of(const Result<Position>& position) { return position ? Result<void>() : Result<void>(position.error()); }

}  // namespace

Result<std::unique_ptr<EdgeUplink>> EdgeUplink::start(const EdgeConfig& config, Parts parts) {
  auto security = security_of(config);
  if (!security) return security.error();
  std::unique_ptr<EdgeUplink> edge(new EdgeUplink(std::move(parts)));
  NodeCore& core = edge->parts_.core;
  uplink::ClientOptions options;
  options.address = config.uplink.address;
  options.security = std::move(*security);
  options.identity = FleetMember::identity(config.name, config.region, program_version(), core.lane(), core.outbox());
  edge->member_ = std::make_unique<FleetMember>(
      FleetMember::Parts{edge->parts_.pipeline, core.journal(), core.outbox(), core.blobs(), core.clock(), edge->parts_.log}, edge->calls(),
      core.lane().applied().incarnation);
  auto client = uplink::UplinkClient::start(std::move(options), edge->events(), core.clock(), edge->parts_.log);
  if (!client) return client.error();
  edge->client_ = std::move(*client);
  edge->member_->use(*edge->client_);
  edge->thread_ = std::jthread([self = edge.get()](const std::stop_token& stop) { self->run(stop); });
  return edge;
}

EdgeUplink::~EdgeUplink() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  // Its events end before the member that takes them.
  client_.reset();
}

FleetMember::Calls EdgeUplink::calls() {
  FleetMember::Calls calls;
  calls.wake = [this] { wake(); };
  calls.post = [this](std::function<void(Lane&)> question) { return parts_.core.post(std::move(question)); };
  calls.check = [this](const uplink::DesiredFunction& function, std::string_view module, std::size_t others) {
    // Others may go: it is tried again.
    if (auto room = parts_.installer.check_room(others); !room) return Result<void>(unavailable(room.error().message));
    const auto checked = parts_.installer.check(function.name.text(), function.manifest, module);
    return checked ? Result<void>() : Result<void>(checked.error());
  };
  calls.activate = [this](const uplink::DesiredFunction& function) {
    const auto activated = parts_.installer.activate_stored(function.name.text(), function.manifest, function.module_sha256, Origin::fleet);
    parts_.core.sweep_blobs();
    return outcome_of(activated);
  };
  calls.remove = [this](const std::string& function) { return outcome_of(parts_.installer.remove(function, Origin::fleet)); };
  calls.node_status = parts_.node_status;
  calls.fresh_incarnation = random_incarnation;
  calls.fail_stop = [this](const Error& error) { fail_stop(parts_.log, error.message); };
  return calls;
}

uplink::ClientEvents EdgeUplink::events() {
  uplink::ClientEvents events;
  FleetMember* member = member_.get();
  events.acknowledged = [member](const Incarnation&, const std::vector<uplink::ReceiptItem>& items) { member->acknowledged(items); };
  events.incarnation_superseded = [member](std::uint64_t held, std::uint64_t known) { member->superseded(held, known); };
  events.rows_wanted = [member](uplink::RowsWanted which) { member->rows_wanted(which); };
  events.desired = [member](uplink::Desired desired) { member->desired(std::move(desired)); };
  events.blob = [member](const std::string& sha256, Result<std::string> content) { member->blob(sha256, std::move(content)); };
  events.query = parts_.query;
  return events;
}

void EdgeUplink::run(const std::stop_token& stop) {
  const Clock& clock = parts_.core.clock();
  while (!stop.stop_requested()) {
    const auto wake = member_->turn();
    const auto left = wake ? std::max(Duration(0), *wake - clock.monotonic()) : std::chrono::hours(1);
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, left, [this] { return is_woken_; });
    is_woken_ = false;
  }
}

void EdgeUplink::wake() {
  std::lock_guard lock(mutex_);
  is_woken_ = true;
  woken_.notify_one();
}

}  // namespace doppel

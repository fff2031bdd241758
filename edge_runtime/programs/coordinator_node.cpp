#include "edge_runtime/programs/coordinator_node.h"

#include <unistd.h>

#include "dashboard/assets.h"
#include "edge_runtime/http/routes.h"
#include "edge_runtime/programs/change_feed.h"
#include "twin_store/model/window.h"

namespace doppel {

CoordinatorNode::CoordinatorNode(const CoordinatorConfig& config, Log& log) : config_(config), log_(log) {}

CoordinatorNode::~CoordinatorNode() { static_cast<void>(stop()); }

Result<std::unique_ptr<CoordinatorNode>> CoordinatorNode::start(const CoordinatorConfig& config, Log& log) {
  std::unique_ptr<CoordinatorNode> node(new CoordinatorNode(config, log));
  for (auto stage : {&CoordinatorNode::open, &CoordinatorNode::listen, &CoordinatorNode::recover, &CoordinatorNode::start_uplink, &CoordinatorNode::serve_http}) {
    if (auto done = (node.get()->*stage)(); !done) return done.error();
  }
  return node;
}

Result<void> CoordinatorNode::open() {
  auto core = NodeCore::open(config_, Role::coordinator, log_);
  if (!core) return core.error();
  core_ = std::move(*core);
  return {};
}

// A port that is taken ends the start before anything else happens, and probes are answered meanwhile.
Result<void> CoordinatorNode::listen() {
  hub_ = std::make_unique<StreamHub>(std::to_string(getpid()) + "-" + std::to_string(core_->clock().wall().time_since_epoch().count()));
  return http_.listen(config_, *hub_, core_->clock());
}

Result<void> CoordinatorNode::recover() {
  fold_ = std::make_unique<MergeFold>();
  if (auto recovered = core_->recover(*fold_, {}); !recovered) return recovered;
  if (auto configured = configure_fold(); !configured) return configured;
  fold_->observe_latest([this](const LatestTable::Key& key, std::string_view before, std::string_view after) {
    if (hub_->has_listeners() && key.key.front() == kTwinValuesKey) publish_row(key.edge.text(), key.key.substr(1), before, after, *hub_);
  });
  core_->start([] {});
  return {};
}

// The fold knows its limits by a record; others are journaled before any edge can connect.
Result<void> CoordinatorNode::configure_fold() {
  MergeLimits wanted;
  wanted.max_edges = config_.fleet.max_edges;
  wanted.windows.keep_parts = config_.fleet.retain;
  if (fold_->limits() == wanted) return {};
  const std::string payload = to_json(wanted);
  const auto position = core_->journal().append({.kind = RecordKind::configuration, .payload = payload});
  return position ? Result<void>() : position.error();
}

Result<void> CoordinatorNode::start_uplink() {
  uplink::ServerOptions options;
  options.address = config_.fleet.bind;
  options.coordinator.program = program_version();
  options.coordinator.max_sessions = config_.fleet.max_edges;
  if (!config_.fleet.key_file.empty()) {
    auto keys = uplink::load_or_make_curve_keys(config_.fleet.key_file);
    if (!keys) return keys.error();
    options.security = uplink::ServerSecurity{std::move(*keys), {}};
    for (const auto& allowed : config_.allow) options.security->allowed.push_back({EdgeId(allowed.edge), allowed.key});
  }
  desk_ = std::make_unique<FleetDesk>(*fold_, [this](std::function<void()> question) {
    return core_->post([question = std::move(question)](Lane&) { question(); });
  });
  auto server = uplink::UplinkServer::start(std::move(options), {core_->journal(), core_->blobs(), *desk_, core_->clock(), log_,
                                                                 [this](const Error& error) { fail_stop(log_, error.message); }});
  if (!server) return server.error();
  server_ = std::move(*server);
  return {};
}

Result<void> CoordinatorNode::serve_http() {
  api_ = std::make_unique<CoordinatorService>(CoordinatorService::Parts{
      config_, *core_, *fold_, [this]() -> uplink::UplinkServer& { return *server_; },
      [this] { return http_.metrics(); }});
  if (auto serves = http_.serve("coordinator", config_, make_coordinator_router(*api_, *hub_, dashboard_assets())); !serves) return serves;
  log_.info("listening", {{"http", http_.url()}, {"uplink", server_->address()}, {"name", config_.name}, {"data", config_.data}});
  return {};
}

Result<void> CoordinatorNode::stop() {
  http_.stop();
  // Sessions end while the lane still answers them.
  if (server_ != nullptr) server_->stop();
  return core_ == nullptr ? Result<void>() : core_->stop();
}

}  // namespace doppel

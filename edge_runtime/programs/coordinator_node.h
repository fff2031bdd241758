// A coordinator, wired. Member order is start order; destruction stops in reverse.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "broker_bridge/uplink/uplink_server.h"
#include "coordinator/fleet_desk.h"
#include "coordinator/merge_fold.h"
#include "edge_runtime/config/settings.h"
#include "edge_runtime/programs/coordinator_api.h"
#include "edge_runtime/programs/node_core.h"
#include "edge_runtime/programs/node_http.h"
#include "twin_store/model/log.h"

namespace doppel {

class CoordinatorNode {
 public:
  // Listens, recovers, then serves. Errors name what could not be opened, reached or understood.
  static Result<std::unique_ptr<CoordinatorNode>> start(const CoordinatorConfig& config, Log& log);
  ~CoordinatorNode();
  Result<void> stop();
  // As of NodeCore. Before stop().
  void ask_lane(std::function<void()> then) { core_->ask_lane(std::move(then)); }

 private:
  CoordinatorNode(const CoordinatorConfig& config, Log& log);
  Result<void> open();
  Result<void> listen();
  Result<void> recover();
  Result<void> configure_fold();
  Result<void> start_uplink();
  Result<void> serve_http();

  const CoordinatorConfig config_;
  Log& log_;
  std::unique_ptr<NodeCore> core_;
  std::unique_ptr<MergeFold> fold_;
  std::unique_ptr<StreamHub> hub_;
  std::unique_ptr<FleetDesk> desk_;
  std::unique_ptr<CoordinatorService> api_;
  std::unique_ptr<uplink::UplinkServer> server_;
  NodeHttp http_;
};

}  // namespace doppel

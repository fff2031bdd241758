// An edge, wired. Member order is start order; destruction stops in reverse.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker_bridge/mqtt/source.h"
#include "edge_runtime/config/settings.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "edge_runtime/programs/edge_api.h"
#include "edge_runtime/programs/edge_uplink.h"
#include "edge_runtime/programs/function_installer.h"
#include "edge_runtime/programs/loop_guard.h"
#include "edge_runtime/programs/node_core.h"
#include "edge_runtime/programs/node_http.h"
#include "edge_runtime/programs/publish_pump.h"
#include "edge_runtime/programs/rate_meter.h"
#include "edge_runtime/programs/reply_desk.h"
#include "twin_store/model/log.h"

namespace doppel {

class EdgeNode {
 public:
  // Listens, recovers, then serves and subscribes. Errors name what could not be opened, reached or understood.
  static Result<std::unique_ptr<EdgeNode>> start(const EdgeConfig& config, Log& log);
  ~EdgeNode();
  Result<void> stop();
  // As of NodeCore. Before stop().
  void ask_lane(std::function<void()> then) { core_->ask_lane(std::move(then)); }

 private:
  EdgeNode(const EdgeConfig& config, Log& log) : config_(config), log_(log) {}
  Result<void> open();
  Result<void> listen();
  Result<void> recover();
  Result<void> mend_functions();
  Result<void> configure_fold();
  Result<void> make_sources();
  Result<void> start_outlets();
  Result<void> serve_http();
  Result<void> start_sources();
  void after_batch();
  void write_log_rows();
  std::vector<MetricSample> outer_metrics() const;
  std::string uplink_json() const;
  std::string mqtt_json() const;
  Result<void> sources_readiness() const;
  void answer_query(const uplink::Query& query, const uplink::ClientEvents::Answer& answer);

  const EdgeConfig config_;
  Log& log_;
  std::unique_ptr<NodeCore> core_;
  std::unique_ptr<Pipeline> pipeline_;
  LoopGuard loops_{config_};
  std::unique_ptr<FunctionInstaller> installer_;
  std::unique_ptr<ReplyDesk> replies_;
  std::unique_ptr<StreamHub> hub_;
  RateMeter rate_;
  std::uint64_t counted_events_ = 0;
  std::unique_ptr<EdgeService> api_;
  std::unique_ptr<PublishPump> publisher_;
  std::unique_ptr<EdgeUplink> uplink_;
  std::unique_ptr<HeldFilters> held_filters_;
  std::vector<std::unique_ptr<MqttSource>> sources_;  // as many as are configured
  NodeHttp http_;
};

}  // namespace doppel

// An edge's side of its coordinator, with its threads: the uplink's own, and one on which a FleetMember does its work.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "broker_bridge/uplink/uplink_client.h"
#include "edge_runtime/config/settings.h"
#include "edge_runtime/member/fleet_member.h"
#include "edge_runtime/programs/function_installer.h"
#include "edge_runtime/programs/node_core.h"

namespace doppel {

class EdgeUplink {
 public:
  struct Parts {
    NodeCore& core;
    Pipeline& pipeline;  // on the lane's thread alone
    FunctionInstaller& installer;
    Log& log;
    std::function<std::string()> node_status;  // as of FleetMember::Calls
    std::function<void(const uplink::Query&, uplink::ClientEvents::Answer)> query;  // of the coordinator's readers
  };

  // After recovery, before the lane's thread starts. Errors: as of UplinkClient::start.
  static Result<std::unique_ptr<EdgeUplink>> start(const EdgeConfig& config, Parts parts);
  ~EdgeUplink();

  // To be called on the lane's thread after each batch.
  void after_batch() { member_->after_batch(parts_.core.lane().applied()); }
  uplink::EdgeCounters counters() const { return client_->counters(); }

 private:
  explicit EdgeUplink(Parts parts) : parts_(std::move(parts)) {}
  FleetMember::Calls calls();
  uplink::ClientEvents events();
  void run(const std::stop_token& stop);
  void wake();

  Parts parts_;
  std::unique_ptr<uplink::UplinkClient> client_;
  std::unique_ptr<FleetMember> member_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool is_woken_ = false;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace doppel

// An edge's side of its coordinator: rows go up as the outbox releases them, and the functions that the fleet wants come down.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker_bridge/uplink/reconciler.h"
#include "broker_bridge/uplink/uplink_client.h"
#include "edge_runtime/config/settings.h"
#include "edge_runtime/pipeline/pipeline.h"
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
    std::function<std::string()> node_status;  // JSON for the coordinator: numbers that the fleet view shows. Any thread
    std::function<void(const uplink::Query&, uplink::ClientEvents::Answer)> query;  // of the coordinator's readers
  };

  // After recovery, before the lane's thread starts. Errors: as of UplinkClient::start.
  static Result<std::unique_ptr<EdgeUplink>> start(const EdgeConfig& config, Parts parts);
  ~EdgeUplink();

  // To be called on the lane's thread after each batch: tells what changed there.
  void after_batch();
  uplink::EdgeCounters counters() const { return client_->counters(); }

 private:
  explicit EdgeUplink(Parts parts);
  void run(const std::stop_token& stop);
  void submit(uplink::ReconcileInput input);
  void step(uplink::ReconcileInput input);
  void perform(uplink::reconcile_action::Fetch& action);
  void perform(uplink::reconcile_action::Forget& action);
  void perform(uplink::reconcile_action::Validate& action);
  void perform(uplink::reconcile_action::Activate& action);
  void perform(uplink::reconcile_action::Remove& action);
  void send_rows();
  void send_status();
  std::vector<uplink::ActiveFunction> active_functions() const;  // on the lane's thread
  void acknowledged(const std::vector<uplink::ReceiptItem>& items);
  void put_again(uplink::RowsWanted which);
  void begin_incarnation();

  Parts parts_;
  std::unique_ptr<uplink::UplinkClient> client_;
  uplink::Reconciler reconciler_;  // the thread below alone

  // The lane's thread alone.
  std::uint64_t told_generation_ = UINT64_MAX;
  Incarnation told_incarnation_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<uplink::ReconcileInput> inbox_;
  bool rows_ready_ = true;  // what recovery left
  bool busy_ = false;  // batches were applied since the last status
  std::jthread thread_;
};

}  // namespace doppel

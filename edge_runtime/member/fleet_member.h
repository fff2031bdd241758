// An edge as a member of a fleet: rows go up as the outbox releases them, and the functions that the fleet wants come down. Logic; the
// shell calls turn() when it is woken or when it is time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/uplink/edge_port.h"
#include "broker_bridge/uplink/reconciler.h"
#include "broker_bridge/uplink/uplink_edge.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/journal/journal.h"
#include "twin_store/lane/lane.h"
#include "twin_store/model/log.h"

namespace doppel {

class FleetMember {
 public:
  struct Parts {
    Pipeline& pipeline;  // on the lane's thread alone
    Journal& journal;
    Outbox& outbox;
    BlobStore& blobs;
    const Clock& clock;
    Log& log;
  };
  // What the shell does for it. Each may be called from any thread.
  struct Calls {
    std::function<void()> wake;  // there is something for turn() to do
    std::function<bool(std::function<void(Lane&)>)> post;
    std::function<Result<void>(const uplink::DesiredFunction&, std::string_view module, std::size_t others)> check;  // beside so many other functions
    std::function<Result<void>(const uplink::DesiredFunction&)> activate;
    std::function<Result<void>(const std::string& function)> remove;
    std::function<std::string()> node_status;  // JSON for the coordinator: numbers that the fleet view shows
    std::function<Incarnation()> fresh_incarnation;
    std::function<void(const Error&)> fail_stop;
  };

  // Borrows the parts.
  FleetMember(Parts parts, Calls calls, const Incarnation& incarnation);
  ~FleetMember();
  void use(uplink::EdgePort& port) { port_ = &port; }  // before the first turn and the first batch. Borrows it

  // Who speaks on the uplink. `lane` has recovered.
  static uplink::EdgeIdentity identity(const std::string& edge, const std::string& region, const std::string& program, const Lane& lane,
                                       const Outbox& outbox);

  // To be called on the lane's thread after each batch: tells what changed there.
  void after_batch(const Checkpoint& applied);

  // What the uplink's end says: UplinkEdge's actions.
  void acknowledged(const std::vector<uplink::ReceiptItem>& items);
  void superseded(std::uint64_t held, std::uint64_t known);
  void rows_wanted(uplink::RowsWanted which);
  void desired(uplink::Desired desired);
  void blob(const std::string& sha256, Result<std::string> content);

  // Does what there is to do. When it wants to be called again though nothing wakes it; monotonic time.
  std::optional<Duration> turn();

 private:
  void submit(uplink::ReconcileInput input);
  void step(uplink::ReconcileInput input);
  void perform(uplink::reconcile_action::Fetch& action);
  void perform(uplink::reconcile_action::Forget& action);
  void perform(uplink::reconcile_action::Validate& action);
  void perform(uplink::reconcile_action::Activate& action);
  void perform(uplink::reconcile_action::Remove& action);
  void send_rows();
  void send_status();
  void send_again();
  void add_retained_rows(const Checkpoint& applied);  // on the lane's thread
  std::vector<uplink::ActiveFunction> active_functions() const;  // on the lane's thread

  Parts parts_;
  Calls calls_;
  uplink::EdgePort* port_ = nullptr;
  uplink::Reconciler reconciler_;  // turn() alone, as is the next
  Duration status_due_{0};

  // The lane's thread alone.
  std::uint64_t told_generation_ = UINT64_MAX;
  Incarnation told_incarnation_;

  std::mutex mutex_;  // guards what follows
  std::deque<uplink::ReconcileInput> inbox_;
  bool rows_ready_ = true;  // what recovery left
  bool busy_ = false;       // batches were applied since the last status
};

}  // namespace doppel

// A coordinator: the merge over a journal, and the sessions of its edges. Stands where CoordinatorNode and UplinkServer are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker_bridge/uplink/blob_reader.h"
#include "broker_bridge/uplink/uplink_coordinator.h"
#include "coordinator/merge_fold.h"
#include "tests/simulation/functions.h"
#include "tests/simulation/network.h"
#include "tests/simulation/node.h"

namespace doppel::simulation {

class SimCoordinator final : public Node {
 public:
  using SendToEdge = std::function<void(const std::string& peer, const std::string& bytes)>;
  SimCoordinator(World& world, NodeOptions options, SendToEdge send);
  ~SimCoordinator() override;

  void receive(const std::string& peer, const std::string& bytes);
  void lost(const std::string& peer);
  void deploy(const SimFunction& function, const std::string& edges);
  void withdraw(const std::string& function);

  const MergeFold& merge() const { return *fold_; }

 protected:
  Fold& make_fold() override;
  Result<void> start() override;
  void after_batch() override {}
  void stop_sources() override { sessions_.reset(); }
  void end() override;

 private:
  using Action = uplink::CoordinatorAction;
  void step(uplink::CoordinatorInput input);
  void tick(std::uint64_t number);
  void look_at_desired();
  void look_at_journal(Position wanted);
  void perform(uplink::coordinator_action::Send& action);
  void perform(uplink::coordinator_action::Append& action);
  void perform(uplink::coordinator_action::LookUp& action);
  void perform(uplink::coordinator_action::ReadBlob& action);
  void perform(uplink::coordinator_action::Answered&) {}
  void perform(uplink::coordinator_action::Unanswered&) {}
  void perform(uplink::coordinator_action::Note& action);
  void append_desired(const DesiredChange& change);

  SendToEdge send_;
  std::unique_ptr<MergeFold> fold_;
  std::unique_ptr<uplink::UplinkCoordinator> sessions_;
  std::unique_ptr<uplink::BlobReader> blobs_;
  std::uint64_t tick_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace doppel::simulation

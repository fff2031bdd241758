// An edge: the pipeline over a journal, fed by a broker, with its publisher. Stands where EdgeNode is.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker_bridge/mqtt/intake.h"
#include "broker_bridge/uplink/uplink_edge.h"
#include "edge_runtime/member/fleet_member.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "tests/simulation/broker.h"
#include "tests/simulation/functions.h"
#include "tests/simulation/node.h"

namespace doppel::simulation {

struct EdgeOptions {
  std::size_t number = 0;
  PipelineConfig pipeline;
  std::string region = "north";
  uplink::BacklogLimits backlog;
};

class SimEdge final : public Node, private uplink::EdgePort {
 public:
  using SendUp = std::function<void(const std::string& peer, const std::string& bytes)>;
  SimEdge(World& world, SimBroker& broker, NodeOptions node, EdgeOptions options, SendUp send_up);
  ~SimEdge() override;

  void set_property(const std::string& twin, const std::string& property, std::int64_t value);
  void install(const SimFunction& function);
  void remove(const std::string& function);
  // From the next process on.
  void move_to(std::string region) { edge_.region = std::move(region); }
  void configure(PipelineConfig config) { edge_.pipeline = std::move(config); }
  void receive_from_above(const std::string& peer, const std::string& bytes);
  void uplink_is_cut();
  void uplink_is_back();
  std::string peer() const { return name() + "#" + std::to_string(processes()); }
  // A disk that was set back is noticed by the coordinator, provided that the edge meets it in its first process from then on.
  bool was_noticed() const { return !was_missed_; }
  const std::string& region_now() const { return region_now_; }  // of the present process

  const Pipeline& pipeline() const { return *pipeline_; }
  bool has_settled();
  std::string what_waits();
  const Checkpoint& applied() { return process().lane->applied(); }
  Process& parts() { return process(); }
  bool may_send_unsynced() const { return options().journal.sync == SyncPolicy::never; }
  std::size_t number() const { return edge_.number; }
  const PipelineConfig& wanted_configuration() const { return edge_.pipeline; }
  // What the present process was started with.
  const std::string& configured_with() const { return configured_with_; }

 protected:
  Fold& make_fold() override;
  Result<void> start() override;
  void after_batch() override;
  void stop_sources() override;
  void end() override;

 private:
  Result<void> put(const OutboxRow& row) override;
  void set_status(uplink::Status status) override { step_uplink(uplink::edge_input::SetStatus{std::move(status)}); }
  void begin_incarnation(const Incarnation& incarnation, std::uint64_t mark) override {
    step_uplink(uplink::edge_input::BeginIncarnation{incarnation, mark});
  }
  void fetch_blob(const std::string& sha256) override { step_uplink(uplink::edge_input::FetchBlob{sha256}); }
  void forget_blob(const std::string& sha256) override { step_uplink(uplink::edge_input::ForgetBlob{sha256}); }

  void start_uplink();
  void look_for_old_disk();
  FleetMember::Calls member_calls();
  void step_uplink(uplink::EdgeInput input);
  void perform(uplink::EdgeAction& action);
  void tick_uplink();
  void wake_member(Duration delay);

  void connect();
  void lost();
  void receive(const Publication& publication, Delivery delivery);
  void publish_ready();
  void reply_ready();
  void published(const OutboxRow& row);
  Result<void> append(const std::string& function, const Activation& activation);
  void must(const Result<void>& done);

  SimBroker& broker_;
  EdgeOptions edge_;
  std::unique_ptr<SimLoader> loader_;
  std::unique_ptr<Pipeline> pipeline_;
  MqttCounters counters_;
  std::unique_ptr<Intake> intake_;
  SendUp send_up_;
  std::string region_now_, configured_with_;
  std::unique_ptr<uplink::UplinkEdge> uplink_;
  std::unique_ptr<FleetMember> member_;
  std::uint64_t uplink_tick_ = 0, member_turn_ = 0;
  Duration member_turn_at_ = Duration::max();
  std::uint32_t session_ = 0;
  std::uint64_t connection_ = 0;  // at the broker; 0: none
  bool is_receiving_ = false;
  std::deque<std::pair<Publication, Delivery>> waiting_;  // while it is
  std::map<std::string, OutboxRow> unanswered_;  // publications without an answer, by id
  bool has_stopped_ = false;
  std::size_t past_seen_ = 0;                        // bodies of state that have gone
  bool is_to_be_noticed_ = false, was_missed_ = false;
};

}  // namespace doppel::simulation

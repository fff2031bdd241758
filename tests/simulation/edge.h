// An edge: the pipeline over a journal, fed by a broker, with its publisher. Stands where EdgeNode is.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker_bridge/mqtt/intake.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "tests/simulation/broker.h"
#include "tests/simulation/functions.h"
#include "tests/simulation/node.h"

namespace doppel::simulation {

struct EdgeOptions {
  std::size_t number = 0;
  PipelineConfig pipeline;
};

class SimEdge final : public Node {
 public:
  SimEdge(World& world, SimBroker& broker, NodeOptions node, EdgeOptions options);
  ~SimEdge() override;

  void set_configuration(PipelineConfig config) { edge_.pipeline = std::move(config); }  // from the next process on
  void set_property(const std::string& twin, const std::string& property, std::int64_t value);
  void install(const SimFunction& function);
  void remove(const std::string& function);

  const Pipeline& pipeline() const { return *pipeline_; }
  bool has_settled() { return is_up() && broker_.is_idle(edge_.number) && unanswered_.empty(); }
  const Checkpoint& applied() { return process().lane->applied(); }
  bool may_send_unsynced() const { return options().journal.sync == SyncPolicy::never; }
  void trace_repeat(Position position, std::uint64_t number, const AcceptedRecord& record) {
    world().trace(name(), "again: message", number, "at", to_number(position), "session", std::uint64_t{record.delivery.session}, "packet",
                  std::uint64_t{record.delivery.packet_id}, record.delivery.dup ? "DUP" : "");
  }
  std::size_t number() const { return edge_.number; }
  const PipelineConfig& configuration() const { return edge_.pipeline; }

 protected:
  Fold& make_fold() override;
  Result<void> start() override;
  void after_batch() override;
  void stop_sources() override;
  void end() override;

 private:
  void connect();
  void lost();
  void receive(const Publication& publication, Delivery delivery);
  void publish_ready();
  void reply_ready();
  void published(const OutboxRow& row);
  void activate(const std::string& name, const Activation& activation);
  void append(const NewRecord& record);

  SimBroker& broker_;
  EdgeOptions edge_;
  std::unique_ptr<SimLoader> loader_;
  std::unique_ptr<Pipeline> pipeline_;
  MqttCounters counters_;
  std::unique_ptr<Intake> intake_;
  std::uint32_t session_ = 0;
  std::uint64_t connection_ = 0;  // at the broker; 0: none
  bool is_receiving_ = false;
  std::deque<std::pair<Publication, Delivery>> waiting_;  // while it is
  std::map<std::string, OutboxRow> unanswered_;  // publications without an answer, by id
  bool has_stopped_ = false;
};

}  // namespace doppel::simulation

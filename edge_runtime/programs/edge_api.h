// What the HTTP routes ask of an edge. Twins are read from the lane's applied state, in its mailbox; SQL from the store.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "edge_runtime/http/api.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "edge_runtime/programs/function_installer.h"
#include "edge_runtime/programs/node_core.h"
#include "edge_runtime/programs/rate_meter.h"
#include "edge_runtime/programs/reply_desk.h"
#include "edge_runtime/programs/sql_service.h"
#include "edge_runtime/programs/worker.h"

namespace doppel {

class EdgeService final : public EdgeApi {
 public:
  struct Parts {
    const EdgeConfig& config;
    NodeCore& core;
    Pipeline& pipeline;  // on the lane's thread alone
    FunctionInstaller& installer;
    ReplyDesk& replies;
    RateMeter& rate;
    // Of what runs beside the lane: sources, publisher, uplink, server. Any thread.
    std::function<std::vector<MetricSample>()> outer_metrics;
    std::function<std::string()> uplink_json, mqtt_json;
    std::function<Result<void>()> sources_readiness;
  };

  explicit EdgeService(Parts parts);

  void list_twins(const TwinQuery& query, Answer<std::string> answer) override;
  void get_twin(const TwinId& id, TwinFormat format, Answer<std::string> answer) override;
  void set_property(const PropertyWrite& write, Answer<PropertyWritten> answer) override;
  void query(const SqlQuery& query, Answer<std::string> answer) override;
  void list_aggregates(const AggregateQuery& query, Answer<std::string> answer) override;
  void list_alerts(const AlertQuery& query, Answer<std::string> answer) override;
  void list_functions(Answer<std::string> answer) override;
  void get_function(const FunctionName& name, Answer<std::string> answer) override;
  void put_function(FunctionUpload upload, Answer<FunctionAccepted> answer) override;
  void delete_function(const FunctionName& name, const std::string& edges, Answer<std::string> answer) override;
  void list_dead_letters(const DeadLetterQuery& query, Answer<std::string> answer) override;
  void get_dead_letter(std::uint64_t number, Answer<std::string> answer) override;
  void order_dead_letters(const DeadLetterAction& action, Answer<std::string> answer) override;
  void node(Answer<std::string> answer) override;
  void metrics(Answer<std::vector<MetricSample>> answer) override;
  Result<void> health() const override { return parts_.core.health(); }
  Result<void> readiness() const override;

  // The numbers that the fleet view shows of this edge. Any thread.
  std::string status_json();
  void count_batch();  // on the lane's thread, after each

 private:
  // Runs `read` on the lane's thread; answers unavailable when the lane is too busy to be asked.
  template <class T>
  void ask(Answer<T> answer, std::function<Result<T>(Lane&)> read);
  void journal_and_wait(NewRecord record, const std::function<void(const std::string& request, std::string& payload)>& encode_with,
                        Answer<FoldReply> answer);
  void install(const FunctionUpload& upload, bool created, const Answer<FunctionAccepted>& answer);
  void remove(const FunctionName& name, const Answer<std::string>& answer);
  std::string why_refused(Position activation) const;
  std::string function_json(const ActiveFunction& function);

  Parts parts_;
  const Timestamp started_;
  std::atomic<std::uint64_t> twins_{0}, alerts_{0}, events_{0}, dead_letters_{0};
  std::atomic<Timestamp> newest_letter_{Timestamp{}};  // arrival of the newest dead letter that is kept
  SqlService sql_;
  Worker worker_;  // last: its jobs use what is above
};

}  // namespace doppel

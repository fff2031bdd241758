// What the HTTP routes ask of a coordinator: the fleet as its fold has merged it. Twin pages are asked from their edge.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker_bridge/uplink/uplink_server.h"
#include "coordinator/fleet_view.h"
#include "coordinator/merge_fold.h"
#include "edge_runtime/http/api.h"
#include "edge_runtime/programs/node_core.h"
#include "edge_runtime/programs/sql_service.h"
#include "edge_runtime/programs/worker.h"

namespace doppel {

class CoordinatorService final : public CoordinatorApi {
 public:
  struct Parts {
    const CoordinatorConfig& config;
    NodeCore& core;
    MergeFold& fold;  // on the lane's thread alone
    std::function<uplink::UplinkServer&()> server;
    std::function<std::vector<MetricSample>()> outer_metrics;
  };

  explicit CoordinatorService(Parts parts);

  void list_twins(const TwinQuery& query, Answer<std::string> answer) override;
  void get_twin(const std::optional<EdgeId>& edge, const TwinId& id, TwinFormat format, Answer<std::string> answer) override;
  void query(const SqlQuery& query, Answer<std::string> answer) override;
  void list_aggregates(const AggregateQuery& query, Answer<std::string> answer) override;
  void list_alerts(const AlertQuery& query, Answer<std::string> answer) override;
  void list_functions(Answer<std::string> answer) override;
  void get_function(const FunctionName& name, Answer<std::string> answer) override;
  void put_function(FunctionUpload upload, Answer<FunctionAccepted> answer) override;
  void delete_function(const FunctionName& name, const std::string& edges, Answer<std::string> answer) override;
  void list_edges(Answer<std::string> answer) override;
  void get_edge(const EdgeId& edge, Answer<std::string> answer) override;
  void node(Answer<std::string> answer) override;
  void metrics(Answer<std::vector<MetricSample>> answer) override;
  Result<void> health() const override { return parts_.core.health(); }
  Result<void> readiness() const override { return parts_.core.readiness(); }

 private:
  template <class T>
  void ask(Answer<T> answer, std::function<Result<T>(const FleetView&)> read);
  void ask_edge(const EdgeId& edge, const TwinId& id, std::string fallback, const Answer<std::string>& answer);
  void install(const FunctionUpload& upload, const EdgeSelector& edges, const std::optional<EdgeSelector>& before,
               const Answer<FunctionAccepted>& answer);
  void append_desired(const DesiredChange& change, const std::function<void(Result<void>)>& then);
  LinkSnapshot links() const;

  Parts parts_;
  const Timestamp started_;
  SqlService sql_;
  Worker worker_;  // last: its jobs use what is above
};

}  // namespace doppel

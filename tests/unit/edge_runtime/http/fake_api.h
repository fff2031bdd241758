// Nodes that answer at once with what they were asked, and a way to call a router without sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge_runtime/http/problem.h"
#include "edge_runtime/http/routes.h"

namespace doppel {

// Remembers the last question and answers `json`, or `error` when set.
template <class Api>
class FakeNode : public Api {
 public:
  void list_twins(const TwinQuery& query, Answer<std::string> answer) override { twin_query = query, give(answer); }
  void query(const SqlQuery& query, Answer<std::string> answer) override { sql = query, give(answer); }
  void list_aggregates(const AggregateQuery& query, Answer<std::string> answer) override {
    aggregate_query = query, give(answer);
  }
  void list_alerts(const AlertQuery& query, Answer<std::string> answer) override { alert_query = query, give(answer); }
  void list_functions(Answer<std::string> answer) override { give(answer); }
  void get_function(const FunctionName& name, Answer<std::string> answer) override { function = name.text(), give(answer); }
  void put_function(FunctionUpload sent, Answer<FunctionAccepted> answer) override {
    upload = std::move(sent);
    if (error) return answer(*error);
    answer(FunctionAccepted{created, json});
  }
  void delete_function(const FunctionName& name, const std::string& selector, Answer<std::string> answer) override {
    function = name.text(), edges = selector, give(answer);
  }
  void node(Answer<std::string> answer) override { give(answer); }
  void metrics(Answer<std::vector<MetricSample>> answer) override {
    answer(std::vector<MetricSample>{{"doppel_events_total", "Events applied.", MetricType::counter, {}, 7}});
  }
  Result<void> health() const override { return state(); }
  Result<void> readiness() const override { return state(); }

  std::string json = R"({"fake":true})";
  std::optional<Error> error;
  bool created = true;
  std::optional<TwinQuery> twin_query;
  std::optional<SqlQuery> sql;
  std::optional<AggregateQuery> aggregate_query;
  std::optional<AlertQuery> alert_query;
  std::optional<FunctionUpload> upload;
  std::string function, edges, twin, edge;

 protected:
  void give(const Answer<std::string>& answer) const {
    if (error) return answer(*error);
    answer(json);
  }
  Result<void> state() const {
    if (error) return *error;
    return {};
  }
};

class FakeEdge : public FakeNode<EdgeApi> {
 public:
  void get_twin(const TwinId& id, TwinFormat asked, Answer<std::string> answer) override {
    twin = id.text(), format = asked, give(answer);
  }
  void set_property(const PropertyWrite& asked, Answer<PropertyWritten> answer) override {
    write = asked;
    if (error) return answer(*error);
    answer(PropertyWritten{12, json, refusal});
  }
  void list_dead_letters(const DeadLetterQuery& query, Answer<std::string> answer) override {
    dead_letters = query, give(answer);
  }
  void get_dead_letter(std::uint64_t number, Answer<std::string> answer) override { dead_letter = number, give(answer); }
  void order_dead_letters(const DeadLetterAction& action, Answer<std::string> answer) override { dead_letter_action = action, give(answer); }

  TwinFormat format = TwinFormat::full;
  std::optional<PropertyWrite> write;
  std::string refusal;
  std::optional<DeadLetterQuery> dead_letters;
  std::optional<std::uint64_t> dead_letter;
  std::optional<DeadLetterAction> dead_letter_action;
};

class FakeCoordinator : public FakeNode<CoordinatorApi> {
 public:
  void get_twin(const std::optional<EdgeId>& of, const TwinId& id, TwinFormat, Answer<std::string> answer) override {
    edge = of ? of->text() : "", twin = id.text(), give(answer);
  }
  void list_edges(Answer<std::string> answer) override { give(answer); }
  void get_edge(const EdgeId& name, Answer<std::string> answer) override { edge = name.text(), give(answer); }
};

// What a handler answered.
struct Caught {
  std::optional<Response> response;
  std::unique_ptr<StreamSource> stream;
};

class CatchingChannel : public Reply::Channel {
 public:
  CatchingChannel(Caught& caught, std::string path) : caught_(caught), path_(std::move(path)) {}
  void send(Response response) override {
    if (!caught_.response) caught_.response = std::move(response);
  }
  void stream(std::unique_ptr<StreamSource> source) override { caught_.stream = std::move(source); }
  const std::string& path() const override { return path_; }

 private:
  Caught& caught_;
  std::string path_;
};

struct Call {
  Method method = Method::get;
  std::string target;
  std::vector<NameValue> headers = {};
  std::string body = {};
};

inline Caught call(const Router& router, const Call& call) {
  Caught caught;
  const auto target = parse_target(call.target);
  if (!target) {
    caught.response = problem(target.error(), call.target);
    return caught;
  }
  auto found = router.find(call.method, *target);
  if (auto* response = std::get_if<Response>(&found)) {
    caught.response = std::move(*response);
    return caught;
  }
  auto& match = std::get<Match>(found);
  Request request{call.method, target->path, match.segments, target->query, {}, call.body};
  for (const auto& [name, value] : call.headers) request.headers.add(name, value);
  caught.response = refusal(*match.route, *target, request.headers, call.body.size());
  if (caught.response) return caught;
  match.route->handler(request, Reply(std::make_shared<CatchingChannel>(caught, target->path)));
  return caught;
}

}  // namespace doppel

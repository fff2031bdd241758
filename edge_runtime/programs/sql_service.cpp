#include "edge_runtime/programs/sql_service.h"

namespace doppel {

void SqlService::run(const SqlQuery& query, Answer<std::string> answer) {
  const bool posted = core_.post([this, query, answer](Lane& lane) {
    if (auto committed = lane.commit_for_reader(); !committed) return answer(committed.error());
    const auto job = [this, query, answer] {
      if (auto committed = core_.wait_until_committed(); !committed) return answer(committed.error());
      answer(read(query));
    };
    if (!worker_.submit(job)) answer(lane_is_busy());
  });
  if (!posted) answer(lane_is_busy());
}

Result<std::string> SqlService::read(const SqlQuery& query) {
  if (engine_ == nullptr) {
    auto engine = QueryEngine::open(views_, core_.clock());
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
  }
  const auto result = engine_->run(query.sql, query.parameters);
  if (!result) return result.error();
  return to_json(*result);
}

}  // namespace doppel

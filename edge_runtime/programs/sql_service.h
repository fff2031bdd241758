// Read-only SQL over a node's store, as both roles answer it. What is applied is committed first: SQL sees commits.
#pragma once

#include <memory>
#include <string>

#include "edge_runtime/http/api.h"
#include "edge_runtime/programs/node_core.h"
#include "edge_runtime/programs/worker.h"
#include "twin_store/query/query_engine.h"

namespace doppel {

class SqlService {
 public:
  // `views`: without a path. Borrows the rest; the worker ends first.
  SqlService(NodeCore& core, Worker& worker, QueryOptions views) : core_(core), worker_(worker), views_(std::move(views)) {
    views_.path = core_.store_path();
  }

  // {"columns":[...],"rows":[[...]]}. Thread: any. Errors: as of QueryEngine.
  void run(const SqlQuery& query, Answer<std::string> answer);

 private:
  Result<std::string> read(const SqlQuery& query);

  NodeCore& core_;
  Worker& worker_;
  QueryOptions views_;
  std::unique_ptr<QueryEngine> engine_;  // the worker's thread alone; opened by the first query
};

}  // namespace doppel

// Read-only SQL over an edge's store, as of the last commit: views over the encoded fold tables.
//   twins(id, model, rev, events, last_seen, tags, geo)
//   properties(twin, name, value, ts, rev, desired)
//   windows(window, start, "end", group_labels, property, count, mean, stddev, sum, min, max, first, last, p50, p95, p99, events, twins)
//   alerts(twin, alert, function, value, since)
#pragma once

#include <memory>
#include <string>

#include "edge_runtime/http/api.h"
#include "twin_store/query/query_engine.h"

namespace doppel {

// Thread: one at a time.
class SqlService {
 public:
  // Borrows the clock.
  SqlService(std::string store_path, std::string edge, const Clock& clock)
      : store_path_(std::move(store_path)), edge_(std::move(edge)), clock_(clock) {}

  // {"columns":[...],"rows":[[...]]}. Errors: as of QueryEngine.
  Result<std::string> run(const SqlQuery& query);

 private:
  const std::string store_path_, edge_;
  const Clock& clock_;
  std::unique_ptr<QueryEngine> engine_;  // opened by the first query
};

}  // namespace doppel

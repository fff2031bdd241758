// What SQL sees of an edge's tables.
//   twins(id, model, rev, events, last_seen, labels, geo)
//   properties(twin, name, value, ts, rev, desired)
//   windows(window, start, "end", group_labels, property, FIGURES)
//   alerts(twin, alert, function, value, since)
// FIGURES: count, mean, stddev, sum, min, max, first, last, p50, p95, p99 of a property; events, twins where property is ''.
#pragma once

#include <string>

#include "twin_store/query/query_engine.h"

namespace doppel {

// Views and functions; the path is the caller's.
QueryOptions edge_sql(const std::string& edge);

}  // namespace doppel

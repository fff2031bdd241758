// What SQL sees of a coordinator's tables.
//   windows(window, start, "end", group_labels, property, FIGURES, edges, frozen)         of the fleet: contributions, merged
//   region_windows(region, ... as windows)                                               of each region
//   contributions(edge, incarnation, lane, region, revision, arrival, window, start, "end", group_labels, property, FIGURES)
//   edges(name, region, version, first_seen, last_seen, functions, status, refused_rows, last_refusal)
//   functions(name, module_sha256, edges, since_position)                                desired ones
//   twins(edge, id, model, rev, events, last_seen, labels, geo)                          those that edges send up
//   properties(edge, twin, name, value, ts, rev, desired)
//   alerts(edge, twin, alert, function, value, since)
// FIGURES: count, mean, stddev, sum, min, max, first, last, p50, p95, p99 of a property; events, twins where property is ''.
#pragma once

#include "twin_store/query/query_engine.h"

namespace doppel {

// Views and functions; the path is the caller's.
QueryOptions fleet_sql();

}  // namespace doppel

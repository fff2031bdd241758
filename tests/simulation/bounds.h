// That memory and disk stay inside what is configured (promise 7). Looked at after every batch. Throws Broken.
#pragma once

#include <cstdint>
#include <string>

#include "broker_bridge/uplink/uplink_edge.h"
#include "edge_runtime/pipeline/pipeline.h"
#include "tests/simulation/node.h"

namespace doppel::simulation {

// `at_start`: bytes that its journal had when the process began, perhaps under another budget.
void check_node_bounds(const NodeOptions& options, const Journal& journal, std::uint64_t at_start, const Outbox& outbox);
void check_edge_bounds(const std::string& edge, const Pipeline& pipeline, const uplink::EdgeCounters& uplink, const uplink::BacklogLimits& limits);

}  // namespace doppel::simulation

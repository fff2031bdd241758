// What nodes are set to, at the beginning of a run and from a later start on.
#pragma once

#include <string>

#include "broker_bridge/uplink/backlog.h"
#include "edge_runtime/pipeline/pipeline_config.h"
#include "tests/simulation/node.h"

namespace doppel::simulation {

NodeOptions node_options(Random& random, const std::string& name, Mutation mutation);
PipelineConfig pipeline_config(Random& random, const std::string& edge);
uplink::BacklogLimits backlog_limits(Random& random);

// Other intervals, batches and budgets. A node that may send what is not synced goes on doing so, and no other begins to.
NodeOptions with_other_settings(Random& random, NodeOptions options);
// Other windows, mapping, selection of twins and limits.
PipelineConfig another_config(Random& random, PipelineConfig config);

// The twin of a device that publishes under this topic.
std::string twin_of(const Mapping& mapping, const std::string& topic);

}  // namespace doppel::simulation

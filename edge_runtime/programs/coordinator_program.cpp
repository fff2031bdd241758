#include "edge_runtime/programs/coordinator_program.h"

#include "edge_runtime/programs/coordinator_node.h"
#include "edge_runtime/programs/run_node.h"

namespace doppel {

int run_coordinator(const CoordinatorConfig& config, Log& log) {
  return run_node(log, [&] { return CoordinatorNode::start(config, log); });
}

}  // namespace doppel

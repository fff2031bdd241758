#include "edge_runtime/programs/edge_program.h"

#include "edge_runtime/programs/edge_node.h"
#include "edge_runtime/programs/run_node.h"

namespace doppel {

int run_edge(const EdgeConfig& config, Log& log) {
  return run_node(log, [&] { return EdgeNode::start(config, log); });
}

}  // namespace doppel

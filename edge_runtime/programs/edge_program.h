// The edge as a process: everything an EdgeConfig asks for, wired, until SIGINT or SIGTERM.
#pragma once

#include "edge_runtime/config/settings.h"
#include "twin_store/model/log.h"

namespace doppel {

// Returns the process's exit code: 0 after a clean stop, 1 when it could not start.
int run_edge(const EdgeConfig& config, Log& log);

}  // namespace doppel

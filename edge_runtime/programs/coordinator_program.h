// The coordinator as a process: everything a CoordinatorConfig asks for, wired, until SIGINT or SIGTERM.
#pragma once

#include "edge_runtime/config/settings.h"
#include "twin_store/model/log.h"

namespace doppel {

// Returns the process's exit code: 0 after a clean stop, 1 when it could not start.
int run_coordinator(const CoordinatorConfig& config, Log& log);

}  // namespace doppel

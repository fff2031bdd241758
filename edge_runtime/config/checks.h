// What has to hold between settings, and what depends on other settings when it is not given.
#pragma once

#include "edge_runtime/config/loader.h"
#include "edge_runtime/config/problems.h"
#include "edge_runtime/config/settings.h"

namespace doppel {

void fill_defaults(EdgeConfig& config, const HostDefaults& host);
void fill_defaults(CoordinatorConfig& config, const HostDefaults& host);

void check(const EdgeConfig& config, Problems& problems);
void check(const CoordinatorConfig& config, Problems& problems);

}  // namespace doppel

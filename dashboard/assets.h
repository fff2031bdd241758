// The built web app, as files that the HTTP server serves.
#pragma once

#include <span>

#include "edge_runtime/http/assets.h"

namespace doppel {

// In path order; every call gives the same. Thread: any.
std::span<const Asset> dashboard_assets();

}  // namespace doppel

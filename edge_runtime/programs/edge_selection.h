// Whether a selector means edges that are known, and what was probably meant where it does not.
#pragma once

#include <span>
#include <string>

#include "coordinator/desired_state.h"
#include "coordinator/fleet_view.h"
#include "twin_store/model/result.h"

namespace doppel {

// "*" is for the edges that come as well. Errors: conflict (any other selector that selects none of `edges`), which names
// those that are known, or their regions.
Result<void> check_selects(const EdgeSelector& selector, std::span<const EdgeView> edges);

}  // namespace doppel

// What `doppel config doc` and `doppel config show` print.
#pragma once

#include <string>

#include "edge_runtime/config/setting_table.h"

namespace doppel {

// Every setting of a role with its default, what is allowed, and what it is for: Markdown.
std::string setting_reference(Role role);

// A configuration with everything that was not given filled in, as TOML that loads to the same.
std::string effective_toml(Role role, const NodeConfig& config);

}  // namespace doppel

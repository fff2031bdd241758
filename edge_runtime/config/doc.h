// What `doppel config doc` and `doppel config show` print.
#pragma once

#include <string>
#include <string_view>

#include "edge_runtime/config/setting_table.h"

namespace doppel {

// A small configuration of a role, of what most begin with.
std::string_view example_toml(Role role);

// Every setting of a role with its default, what is allowed, and what it is for: Markdown.
std::string setting_reference(Role role);
// The same as JSON: [{"setting", "repeated", "required", "default", "allowed", "help"}...].
std::string setting_reference_json(Role role);

// A configuration with everything that was not given filled in, as TOML that loads to the same.
std::string effective_toml(Role role, const NodeConfig& config);
// The same as a JSON object with a member for each section, an array where the section may be repeated. Values are as in TOML; null
// where nothing is set.
std::string effective_json(Role role, const NodeConfig& config);

}  // namespace doppel

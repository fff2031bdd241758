// From TOML text and command-line flags to a checked configuration.
// Errors: invalid_input, whose message has one line for each thing that is wrong, all of them, in the order of the file:
//   edge.toml:12: journal.sync_interval = "5 parsecs": not a duration; allowed: 1 ms to 1 min
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/config/settings.h"
#include "twin_store/model/result.h"

namespace doppel {

// A setting given by a flag. It stands above the file. For a repeated section ("mqtt.url") it adds a row.
struct Override {
  std::string setting;  // "http.port"
  std::string value;    // as on the command line; "100 ms", "true"
  std::string flag;     // "--http", named in errors
};

struct ConfigSource {
  std::string file;  // named in errors; "" : no file
  std::string toml;
  std::vector<Override> overrides;
};

// Also checks what concerns several settings, and fills in what depends on the host: name, data folder, client ids.
Result<EdgeConfig> load_edge_config(const ConfigSource& source);
Result<CoordinatorConfig> load_coordinator_config(const ConfigSource& source);

// Reads `file` ("" : nothing). Errors: not_found, unavailable.
Result<ConfigSource> read_config_file(const std::string& file);

}  // namespace doppel

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
  std::string value;    // as on the command line: 100ms, true, a,b
  std::string flag;     // "--http", named in errors
};

// What depends on where the node runs.
struct HostDefaults {
  std::string name;       // of the node
  std::string data;       // the data folder; "" : data_root/NAME
  std::string data_root;
};
// The host's name, $DOPPEL_DATA, and ~/.local/share/doppel.
HostDefaults host_defaults();

struct ConfigSource {
  std::string file;  // named in errors; "" : no file
  std::string toml;
  std::vector<Override> overrides;
  HostDefaults host;
};

// Reads `file` ("" : nothing) and the host's defaults. Errors: not_found, unavailable.
Result<ConfigSource> read_config_source(const std::string& file);

// Also checks what concerns several settings, and fills in names, data folder and client ids that are not given.
Result<EdgeConfig> load_edge_config(const ConfigSource& source);
Result<CoordinatorConfig> load_coordinator_config(const ConfigSource& source);

}  // namespace doppel

// Configurations as commands take them: a file, flags, any setting by --set.
#pragma once

#include <string>
#include <vector>

#include "edge_runtime/config/loader.h"

namespace doppel {

// What the command line said about a configuration.
struct ConfigFlags {
  std::string file;
  std::string name, data, http, uplink, bind;  // "" : not given
  std::vector<std::string> mqtt;
  std::vector<std::string> set;  // KEY=VALUE
};

// Errors: not_found, invalid_input.
Result<ConfigSource> config_source(const ConfigFlags& flags);

}  // namespace doppel

// Configurations as commands take them: a file, flags, any setting by --set.
#pragma once

#include <string>
#include <vector>

#include "edge_runtime/config/loader.h"
#include "edge_runtime/config/setting_table.h"

namespace CLI {
class App;
}

namespace doppel {

// What the command line said about a configuration.
struct ConfigFlags {
  std::string file;
  std::string name, data, http, uplink, bind;  // "" : not given
  std::vector<std::string> mqtt;
  std::vector<std::string> set;  // KEY=VALUE
};

// --set KEY=VALUE, repeated.
void add_set_option(CLI::App& app, ConfigFlags& flags, const std::string& help);

// Errors: not_found, unavailable (the file).
Result<ConfigSource> config_source(const ConfigFlags& flags);

// Says what is wrong with a configuration, and returns the exit code: kUsage where the command line alone would be wrong too, so that
// it is not the file that must be mended, kFailed otherwise.
int fail_to_configure(const Error& error, const ConfigSource& source, Role role);

}  // namespace doppel

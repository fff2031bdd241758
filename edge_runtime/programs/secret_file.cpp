#include "edge_runtime/programs/secret_file.h"

#include <fstream>

namespace doppel {

Result<std::string> read_secret(const std::string& path) {
  std::ifstream file(path);
  std::string secret;
  if (!file) return unavailable("cannot read " + path);
  std::getline(file, secret);
  if (secret.empty()) return invalid_input(path + " is empty: its first line is to hold the secret");
  return secret;
}

}  // namespace doppel

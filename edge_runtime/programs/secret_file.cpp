#include "edge_runtime/programs/secret_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace doppel {

Result<std::string> read_secret(const std::string& path) {
  std::ifstream file(path);
  struct stat info {};
  if (!file || ::stat(path.c_str(), &info) != 0) return not_found(path + ": cannot be read: " + std::strerror(errno));
  if ((info.st_mode & S_IRWXO) != 0) return invalid_input(path + " holds a secret and can be read by everybody; chmod 600 it");
  std::string secret;
  std::getline(file, secret);
  while (!secret.empty() && (secret.back() == '\r' || secret.back() == ' ')) secret.pop_back();
  if (secret.empty()) return invalid_input(path + " is empty: its first line is to hold the secret");
  return secret;
}

}  // namespace doppel

#include "edge_runtime/programs/endpoint.h"

#include <signal.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "edge_runtime/config/loader.h"

namespace doppel {
namespace {

namespace fs = std::filesystem;
constexpr const char* kFile = "endpoint.json";

bool is_running(int pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<Endpoint> running_under(const std::string& root, std::string_view role) {
  std::vector<Endpoint> found;
  std::error_code ignored;  // an absent folder holds no nodes
  for (const auto& entry : fs::directory_iterator(root, ignored)) {
    const auto endpoint = read_endpoint(entry.path());
    if (endpoint && endpoint->role == role) found.push_back(*endpoint);
  }
  return found;
}

Result<Endpoint> running_node(const std::string& root, Wanted wanted) {
  auto found = running_under(root, wanted == Wanted::coordinator ? "coordinator" : "edge");
  if (found.empty() && wanted == Wanted::edge_or_else_coordinator) found = running_under(root, "coordinator");
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return not_found("no " + std::string(wanted == Wanted::coordinator ? "coordinator" : "edge") + " runs under " + root +
                     "; say which with --data DIR or --server URL");
  }
  std::string names;
  for (const Endpoint& endpoint : found) names += (names.empty() ? "" : ", ") + endpoint.name;
  return conflict("several run here (" + names + "); say which with --node NAME, --data DIR or --server URL");
}

}  // namespace

Result<void> write_endpoint(const std::string& data, const Endpoint& endpoint) {
  const nlohmann::json document = {{"role", endpoint.role},
                                   {"name", endpoint.name},
                                   {"http", endpoint.http},
                                   {"token_file", endpoint.token_file},
                                   {"pid", endpoint.pid}};
  const fs::path target = fs::path(data) / kFile;
  const fs::path fresh = fs::path(data) / (std::string(kFile) + ".new");
  std::ofstream out(fresh, std::ios::trunc);
  out << document.dump() << "\n";
  out.close();
  std::error_code failed;
  if (out) fs::rename(fresh, target, failed);
  if (!out || failed) return unavailable(target.string() + ": cannot be written");
  return {};
}

void remove_endpoint(const std::string& data) {
  std::error_code ignored;  // a file that stays names a process that is gone
  fs::remove(fs::path(data) / kFile, ignored);
}

Result<Endpoint> read_endpoint(const std::string& data) {
  const fs::path file = fs::path(data) / kFile;
  std::ifstream in(file);
  if (!in) return not_found("no node runs with data folder " + data + " (it has no " + kFile + ")");
  const auto document = nlohmann::json::parse(in, nullptr, false);
  if (!document.is_object()) return not_found(file.string() + " is not a node's address");
  Endpoint endpoint{.role = document.value("role", ""),
                    .name = document.value("name", ""),
                    .http = document.value("http", ""),
                    .token_file = document.value("token_file", ""),
                    .pid = document.value("pid", 0),
                    .data = data};
  if (!is_running(endpoint.pid)) {
    return not_found("the node with data folder " + data + " does not run any more (process " +
                     std::to_string(endpoint.pid) + " is gone)");
  }
  return endpoint;
}

Result<Endpoint> find_node(const NodeChoice& choice, Wanted wanted) {
  const HostDefaults host = host_defaults();
  const auto at = [](const std::string& url) { return Endpoint{.role = {}, .name = {}, .http = url, .token_file = {}}; };
  if (!choice.server.empty()) return at(choice.server);
  if (!choice.data.empty()) return read_endpoint(choice.data);
  if (!choice.name.empty()) return read_endpoint(host.data_root + "/" + choice.name);
  if (const std::string server = environment("DOPPEL_SERVER"); !server.empty()) return at(server);
  if (!host.data.empty()) return read_endpoint(host.data);
  return running_node(host.data_root, wanted);
}

}  // namespace doppel

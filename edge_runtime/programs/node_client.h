// The API of a running node, as the client commands use it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge_runtime/http/client.h"
#include "edge_runtime/programs/endpoint.h"
#include "twin_store/model/result.h"

namespace CLI {
class App;
}

namespace doppel {

// What every client command takes.
struct ApiOptions {
  NodeChoice node;
  std::string token_file;  // "" : $DOPPEL_TOKEN, or the node's own where it is known
  bool json = false;
};
void add_client_options(CLI::App& app, ApiOptions& options);

// Errors: those of find_node, and not_found (the token), invalid_input (the address).
Result<HttpClient> connect(const ApiOptions& options, Wanted wanted);

// "/api/v1/twins" and its query; values are encoded here, empty ones left out.
std::string target(std::string_view path, const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace doppel

// How a command finds a running node: the node leaves its address in its data folder while it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/model/result.h"

namespace doppel {

struct Endpoint {
  std::string role;  // "edge" or "coordinator"
  std::string name;
  std::string http;  // "http://127.0.0.1:7070"
  std::string token_file;
  int pid = 0;
  std::string data = {};  // the folder that says so; "" where an address was given
};

// DATA/endpoint.json, replaced by rename. Errors: unavailable.
Result<void> write_endpoint(const std::string& data, const Endpoint& endpoint);
void remove_endpoint(const std::string& data);

// Of a node whose process is still there. Errors: not_found.
Result<Endpoint> read_endpoint(const std::string& data);

struct NodeChoice {
  std::string server;  // --server: an address
  std::string data;    // --data: a folder
  std::string name;    // --node: the name under the default folder
};

// Which node is looked for where none is named. Both roles have twins: an edge's own come first.
enum class Wanted : std::uint8_t { edge, coordinator, edge_or_else_coordinator };

// In this order: --server, --data, --node, $DOPPEL_SERVER, $DOPPEL_DATA, the one that is wanted and runs under
// ~/.local/share/doppel. Errors: not_found, conflict (several run; names them).
Result<Endpoint> find_node(const NodeChoice& choice, Wanted wanted);

}  // namespace doppel

#include "edge_runtime/programs/node_client.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "edge_runtime/http/url.h"
#include "edge_runtime/programs/commands.h"
#include "edge_runtime/programs/secret_file.h"

namespace doppel {
namespace {

Result<std::string> token_for(const ApiOptions& options, const Endpoint& endpoint) {
  if (!options.token_file.empty()) return read_secret(options.token_file);
  if (const char* token = std::getenv("DOPPEL_TOKEN")) return std::string(token);
  if (!endpoint.token_file.empty()) return read_secret(endpoint.token_file);
  return std::string();
}

}  // namespace

void add_client_options(CLI::App& app, ApiOptions& options) {
  app.add_option("--server", options.node.server, "The node's address; default: $DOPPEL_SERVER")
      ->type_name("http://HOST:PORT")
      ->check([](const std::string& address) {
        const auto client = HttpClient::open({.server = address});
        return client ? std::string() : client.error().message;
      });
  app.add_option("--data", options.node.data, "The node's data folder; default: $DOPPEL_DATA")->type_name("DIR");
  app.add_option("--node", options.node.name, "The node's name; default: the one that runs on this machine")
      ->type_name("NAME");
  app.add_option("--token-file", options.token_file, "File with the bearer token; default: $DOPPEL_TOKEN")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "Print JSON");
}

Result<HttpClient> connect(const ApiOptions& options, Wanted wanted) {
  const auto endpoint = find_node(options.node, wanted);
  if (!endpoint) return endpoint.error();
  auto token = token_for(options, *endpoint);
  if (!token) return token.error();
  HttpClientOptions http;
  http.server = endpoint->http;
  http.token = *std::move(token);
  return HttpClient::open(std::move(http));
}

std::string target(std::string_view path, const std::vector<std::pair<std::string, std::string>>& query) {
  std::string out(path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    out += separator + name + "=" + percent_encode(value);
    separator = '&';
  }
  return out;
}

}  // namespace doppel

#include "edge_runtime/http/openapi.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/unit/edge_runtime/http/fake_api.h"

namespace doppel {
namespace {

using Addresses = std::set<std::string>;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(c));
  return text;
}

Addresses documented(const std::string& role) {
  Addresses addresses;
  const auto document = nlohmann::json::parse(openapi_json());
  for (const auto& [path, item] : document["paths"].items()) {
    if (item.value("x-role", role) != role) continue;
    for (const auto& [member, operation] : item.items()) {
      if (member != "x-role") addresses.insert(upper(member) + " " + path);
    }
  }
  return addresses;
}

Addresses routed(const Router& router) {
  Addresses addresses;
  for (const auto& route : router.routes()) addresses.insert(std::string(to_string(route.method)) + " " + route.pattern);
  return addresses;
}

std::set<std::string> documented_parameters(const nlohmann::json& document, const nlohmann::json& operation) {
  std::set<std::string> names;
  for (auto parameter : operation.value("parameters", nlohmann::json::array())) {
    if (parameter.contains("$ref"))
      parameter = document.at(nlohmann::json::json_pointer(parameter["$ref"].get<std::string>().substr(1)));
    if (parameter["in"] == "query") names.insert(parameter["name"]);
  }
  return names;
}

TEST(OpenApi, Every_route_of_an_edge_is_documented_and_the_reverse) {
  FakeEdge api;
  StreamHub hub("life");
  EXPECT_EQ(routed(make_edge_router(api, hub, {})), documented("edge"));
}

TEST(OpenApi, Every_route_of_a_coordinator_is_documented_and_the_reverse) {
  FakeCoordinator api;
  StreamHub hub("life");
  EXPECT_EQ(routed(make_coordinator_router(api, hub, {})), documented("coordinator"));
}

TEST(OpenApi, Every_query_parameter_is_documented_and_the_reverse) {
  FakeCoordinator api;
  StreamHub hub("life");
  const auto document = nlohmann::json::parse(openapi_json());
  const auto router = make_coordinator_router(api, hub, {});
  for (const auto& route : router.routes()) {
    std::string method(to_string(route.method));
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    const auto operation = document.at("paths").at(route.pattern).at(method);
    EXPECT_EQ(std::set<std::string>(route.options.query.begin(), route.options.query.end()),
              documented_parameters(document, operation))
        << method << " " << route.pattern;
  }
}

TEST(OpenApi, It_is_served_without_a_token) {
  FakeEdge api;
  StreamHub hub("life");
  const auto caught = call(make_edge_router(api, hub, {}), {Method::get, "/api/v1/openapi.json"});
  EXPECT_EQ(caught.response->content(), openapi_json());
}

}  // namespace
}  // namespace doppel

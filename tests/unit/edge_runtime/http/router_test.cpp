#include "edge_runtime/http/router.h"

#include <gtest/gtest.h>

#include "tests/unit/edge_runtime/http/fake_api.h"

namespace doppel {
namespace {

Handler say(const std::string& word) {
  return [word](const Request& request, const Reply& reply) {
    std::string text = word;
    for (const auto& [name, value] : request.segments) text += " " + name + "=" + value;
    reply.json(text);
  };
}

Router small_router() {
  Router router;
  router.add(Method::get, "/things", say("list"), {.query = {"limit", "after"}});
  router.add(Method::post, "/things", say("make"), {.consumes = "application/json", .body_bytes = 10});
  router.add(Method::get, "/things/special", say("special"));
  router.add(Method::get, "/things/{id}/parts/{part}", say("part"));
  return router;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(Router, Names_in_a_pattern_take_their_decoded_segment) {
  const auto caught = call(small_router(), {Method::get, "/things/a%2Fb/parts/%C3%BC"});
  EXPECT_EQ(caught.response->body, "part id=a/b part=\xC3\xBC");
}

TEST(Router, An_empty_segment_fits_no_name) {
  EXPECT_EQ(call(small_router(), {Method::get, "/things//parts/x"}).response->status, Status::not_found);
}

TEST(Router, An_unknown_path_is_404_and_names_it) {
  const auto caught = call(small_router(), {Method::get, "/nothing/here"});
  EXPECT_EQ(caught.response->status, Status::not_found);
  EXPECT_NE(caught.response->body.find("'/nothing/here'"), std::string::npos);
}

TEST(Router, A_method_that_a_path_lacks_is_405_with_what_it_has) {
  const auto caught = call(small_router(), {Method::remove, "/things"});
  EXPECT_EQ(caught.response->status, Status::method_not_allowed);
  EXPECT_EQ(header(*caught.response, "Allow"), "GET, HEAD, POST, OPTIONS");
}

TEST(Router, OPTIONS_tells_the_methods_of_a_path) {
  const auto caught = call(small_router(), {Method::options, "/things/special"});
  EXPECT_EQ(caught.response->status, Status::no_content);
  EXPECT_EQ(header(*caught.response, "Allow"), "GET, HEAD, OPTIONS");
}

TEST(Router, HEAD_is_answered_by_the_GET_handler) {
  EXPECT_EQ(call(small_router(), {Method::head, "/things/special"}).response->body, "special");
}

TEST(Router, An_unknown_query_parameter_is_refused_with_the_known_ones) {
  const auto caught = call(small_router(), {Method::get, "/things?limt=3"});
  EXPECT_EQ(caught.response->status, Status::bad_request);
  EXPECT_NE(caught.response->body.find("unknown query parameter 'limt'; allowed: limit, after"), std::string::npos);
}

TEST(Router, A_client_that_does_not_take_what_is_given_gets_406) {
  EXPECT_EQ(call(small_router(), {Method::get, "/things", {{"Accept", "text/html"}}}).response->status, Status::not_acceptable);
}

TEST(Router, A_body_of_another_type_is_415) {
  const Call wrong{Method::post, "/things", {{"content-type", "text/plain"}}, "{}"};
  EXPECT_EQ(call(small_router(), wrong).response->status, Status::unsupported_media_type);
  const Call right{Method::post, "/things", {{"content-type", "application/json; charset=utf-8"}}, "{}"};
  EXPECT_EQ(call(small_router(), right).response->body, "make");
}

TEST(Router, A_body_beyond_the_routes_limit_is_413_and_names_both_sizes) {
  const Call large{Method::post, "/things", {{"Content-Type", "application/json"}}, std::string(11, ' ')};
  const auto caught = call(small_router(), large);
  EXPECT_EQ(caught.response->status, Status::content_too_large);
  EXPECT_NE(caught.response->body.find("11 bytes; the limit is 10"), std::string::npos);
}

TEST(Router, A_route_that_takes_no_body_refuses_one) {
  EXPECT_EQ(call(small_router(), {Method::get, "/things", {}, "x"}).response->status, Status::content_too_large);
}

}  // namespace
}  // namespace doppel

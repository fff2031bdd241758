// Which handler answers a request, and what a route takes and gives: everything that can be refused before a body is read.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "edge_runtime/http/message.h"
#include "edge_runtime/http/reply.h"
#include "edge_runtime/http/url.h"

namespace doppel {

// Runs on the server's thread and must not block. The request lives for the call. An exception is a bug and is answered 500.
using Handler = std::function<void(const Request& request, Reply reply)>;

enum class Access : std::uint8_t { token, open };  // open: answered without a token, also where one is set

struct RouteOptions {
  std::vector<std::string> query = {};        // names of the query parameters; others are refused
  std::string consumes = {};                  // media type of the body; "" when the route takes none
  std::string produces = "application/json";  // media type of a good answer
  std::size_t body_bytes = 1u << 20;          // largest body
  Access access = Access::token;
};

struct Route {
  Method method;
  std::string pattern;  // "/api/v1/twins/{id}"
  Handler handler;
  RouteOptions options;
};

// A route that fits, with its {names} taken from the path.
struct Match {
  const Route* route;
  std::vector<NameValue> segments;
};

// Filled before the server starts, then only read. Of two patterns that fit, the one added first counts.
class Router {
 public:
  void add(Method method, std::string pattern, Handler handler, RouteOptions options = {});

  // Every other address is answered 503 with this, not 404: what is there is not known yet.
  void refuse_others(std::string why) { why_not_others_ = std::move(why); }

  // A HEAD request finds the GET route. Otherwise the refusal: 404, 503, or 405 with Allow. OPTIONS is answered here: 204 with Allow.
  std::variant<Match, Response> find(Method method, const Target& target) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> parts_;  // of the pattern of the route with the same index
  std::string why_not_others_;
};

// The refusal of a request by its route's options, from what the headers say: 400 (unknown query parameter), 406, 413, 415.
std::optional<Response> refusal(const Route& route, const Target& target, const Headers& headers,
                                std::optional<std::uint64_t> content_length);

}  // namespace doppel

#include "edge_runtime/http/admission.h"

#include "edge_runtime/http/problem.h"
#include "edge_runtime/http/url.h"

namespace doppel {
namespace {

std::optional<Response> malformed(const RequestHead& head, const HttpLimits& limits) {
  if (head.target.size() > limits.target_bytes) {
    return problem(Status::uri_too_long, "the address has " + std::to_string(head.target.size()) + " bytes; the limit is " +
                                             std::to_string(limits.target_bytes), "");
  }
  if (!parse_method(head.method)) return problem(Status::not_implemented, "method '" + head.method + "' is not known", "");
  if (head.headers.find("Transfer-Encoding") && !head.chunked) {
    return problem(Status::bad_request, "the last Transfer-Encoding must be chunked: the body's end cannot be found", "");
  }
  return std::nullopt;
}

// What the server as a whole cannot take at present.
std::optional<Response> overload(const ConnectionContext& context, std::string_view path) {
  if (context.requests_at_work < context.limits.requests_at_work) return std::nullopt;
  return problem(Status::too_many_requests,
                 std::to_string(context.limits.requests_at_work) + " requests are being answered already", path);
}

std::size_t expected_body(const RequestHead& head, const Route& route) {
  if (head.chunked) return route.options.consumes.empty() ? 0 : route.options.body_bytes;
  return static_cast<std::size_t>(head.content_length.value_or(0));
}

}  // namespace

std::variant<AdmittedRequest, Response> admit(RequestHead head, ConnectionContext& context) {
  if (auto refused = malformed(head, context.limits)) return *std::move(refused);
  if (head.target == "*" && head.method == "OPTIONS") head.target = "/";
  auto target = parse_target(head.target);
  if (!target) return problem(target.error(), head.target);

  const auto method = *parse_method(head.method);
  auto found = context.router->find(method, *target);
  auto* match = std::get_if<Match>(&found);
  const auto access = match == nullptr ? Access::token : match->route->options.access;
  if (auto refused = context.guard.refusal(head.headers, access, target->path)) return *std::move(refused);
  if (match == nullptr) return std::get<Response>(std::move(found));
  if (auto refused = refusal(*match->route, *target, head.headers, head.content_length)) return *std::move(refused);

  const auto expect = head.headers.find("Expect");
  if (expect && !equal_ignoring_case(*expect, "100-continue")) {
    return problem(Status::expectation_failed, "'Expect: " + *expect + "' is not known", target->path);
  }
  if (auto refused = overload(context, target->path)) return *std::move(refused);
  const auto body_bytes = expected_body(head, *match->route);
  if (!context.bodies.take(body_bytes)) {
    return problem(Status::service_unavailable, "too many large requests are under way", target->path);
  }
  return AdmittedRequest{match->route,
                         {method, std::move(target->path), std::move(match->segments), std::move(target->query),
                          std::move(head.headers), {}},
                         body_bytes, expect.has_value()};
}

}  // namespace doppel

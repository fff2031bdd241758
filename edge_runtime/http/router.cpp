#include "edge_runtime/http/router.h"

#include <algorithm>

#include "edge_runtime/http/media.h"
#include "edge_runtime/http/problem.h"

namespace doppel {
namespace {

std::vector<std::string> split_pattern(std::string_view pattern) {
  std::vector<std::string> parts;
  for (std::size_t begin = 1, end; begin <= pattern.size(); begin = end + 1) {
    end = std::min(pattern.find('/', begin), pattern.size());
    parts.emplace_back(pattern.substr(begin, end - begin));
  }
  return parts;
}

bool is_placeholder(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

bool fits(const std::vector<std::string>& parts, const std::vector<std::string>& segments) {
  return std::equal(parts.begin(), parts.end(), segments.begin(), segments.end(), [](const auto& part, const auto& segment) {
    return is_placeholder(part) ? !segment.empty() : part == segment;
  });
}

std::vector<NameValue> named_segments(const std::vector<std::string>& parts, const std::vector<std::string>& segments) {
  std::vector<NameValue> named;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_placeholder(parts[i])) named.emplace_back(parts[i].substr(1, parts[i].size() - 2), segments[i]);
  }
  return named;
}

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const auto& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

std::string unknown_parameter(const std::string& name, const std::vector<std::string>& known) {
  const auto allowed = known.empty() ? "this address takes none" : "allowed: " + join(known);
  return "unknown query parameter '" + name + "'; " + allowed;
}

}  // namespace

void Router::add(Method method, std::string pattern, Handler handler, RouteOptions options) {
  parts_.push_back(split_pattern(pattern));
  routes_.push_back({method, std::move(pattern), std::move(handler), std::move(options)});
}

std::variant<Match, Response> Router::find(Method method, const Target& target) const {
  const Method wanted = method == Method::head ? Method::get : method;
  std::vector<std::string> allowed;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!fits(parts_[i], target.segments)) continue;
    if (routes_[i].method == wanted) return Match{&routes_[i], named_segments(parts_[i], target.segments)};
    allowed.emplace_back(to_string(routes_[i].method));
    if (routes_[i].method == Method::get) allowed.emplace_back("HEAD");
  }
  if (allowed.empty() && !why_not_others_.empty()) return problem(Status::service_unavailable, why_not_others_, target.path);
  if (allowed.empty()) return problem(Status::not_found, "there is nothing at '" + target.path + "'", target.path);
  allowed.emplace_back("OPTIONS");
  Response response;
  if (method == Method::options) {
    response.status = Status::no_content;
  } else {
    response = problem(Status::method_not_allowed,
                       std::string(to_string(method)) + " is not possible here; allowed: " + join(allowed), target.path);
  }
  response.headers.emplace_back("Allow", join(allowed));
  return response;
}

std::optional<Response> refusal(const Route& route, const Target& target, const Headers& headers,
                                std::optional<std::uint64_t> content_length) {
  const auto& options = route.options;
  for (const auto& [name, value] : target.query) {
    if (std::find(options.query.begin(), options.query.end(), name) != options.query.end()) continue;
    return problem(Status::bad_request, unknown_parameter(name, options.query), target.path);
  }
  if (!accepts(headers.find("Accept"), options.produces)) {
    return problem(Status::not_acceptable, "this address gives " + options.produces, target.path);
  }
  if (!options.consumes.empty() && media_type(headers.find("Content-Type").value_or("")) != options.consumes) {
    return problem(Status::unsupported_media_type, "the body must have Content-Type " + options.consumes, target.path);
  }
  const std::size_t limit = options.consumes.empty() ? 0 : options.body_bytes;
  if (content_length.value_or(0) > limit) {
    return problem(Status::content_too_large,
                   "the body has " + std::to_string(*content_length) + " bytes; the limit is " + std::to_string(limit),
                   target.path);
  }
  return std::nullopt;
}

}  // namespace doppel

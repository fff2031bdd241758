#include "edge_runtime/http/access.h"

#include <algorithm>

#include "edge_runtime/http/problem.h"
#include "twin_store/model/hash.h"
#include "twin_store/model/loopback.h"

namespace doppel {
namespace {

// "[::1]:8080" -> "::1", "localhost:80" -> "localhost"
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

// Of equal length by construction; the time does not depend on where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0u : 1u;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  }
  return difference == 0;
}

bool same_origin(std::string_view origin, std::string_view host) {
  const auto authority = origin.find("://");
  return authority != std::string_view::npos && equal_ignoring_case(origin.substr(authority + 3), host);
}

}  // namespace

AccessGuard::AccessGuard(std::string_view token) : token_hash_(token.empty() ? "" : sha256_hex(token)) {}

std::optional<Response> AccessGuard::refusal(const Headers& headers, Access access, std::string_view path) const {
  const auto host = headers.find("Host");
  if (!host || host->find(',') != std::string::npos) {
    return problem(Status::bad_request, "the request must have one Host header", path);
  }
  if (token_hash_.empty() && !is_loopback(host_name(*host))) {
    return problem(Status::misdirected_request,
                   "this server answers for localhost only, not for '" + *host + "'; give it an address and a token file", path);
  }
  const auto origin = headers.find("Origin");
  if (origin && !same_origin(*origin, *host)) {
    return problem(Status::forbidden, "requests from pages of '" + *origin + "' are not answered", path);
  }
  if (access == Access::open || token_hash_.empty() || holds_token(headers)) return std::nullopt;
  auto response = problem(Status::unauthorized, "a valid 'Authorization: Bearer TOKEN' is needed", path);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"doppel\"");
  return response;
}

// Hashes are compared, so that neither length nor content of the token shows in the time taken.
bool AccessGuard::holds_token(const Headers& headers) const {
  constexpr std::string_view kScheme = "Bearer ";
  const auto value = headers.find("Authorization").value_or("");
  if (value.size() < kScheme.size() || !equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return false;
  return equal_in_constant_time(sha256_hex(std::string_view(value).substr(kScheme.size())), token_hash_);
}

}  // namespace doppel

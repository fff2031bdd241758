#include "edge_runtime/http/message.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace doppel {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

std::string_view to_string(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

std::optional<Method> parse_method(std::string_view text) {
  const auto found = std::find(kMethods.begin(), kMethods.end(), text);
  if (found == kMethods.end()) return std::nullopt;
  return static_cast<Method>(found - kMethods.begin());
}

std::string_view reason_of(Status status) {
  switch (status) {
    case Status::ok: return "OK";
    case Status::created: return "Created";
    case Status::accepted: return "Accepted";
    case Status::no_content: return "No Content";
    case Status::not_modified: return "Not Modified";
    case Status::bad_request: return "Bad Request";
    case Status::unauthorized: return "Unauthorized";
    case Status::forbidden: return "Forbidden";
    case Status::not_found: return "Not Found";
    case Status::method_not_allowed: return "Method Not Allowed";
    case Status::not_acceptable: return "Not Acceptable";
    case Status::request_timeout: return "Request Timeout";
    case Status::conflict: return "Conflict";
    case Status::precondition_failed: return "Precondition Failed";
    case Status::content_too_large: return "Content Too Large";
    case Status::uri_too_long: return "URI Too Long";
    case Status::unsupported_media_type: return "Unsupported Media Type";
    case Status::expectation_failed: return "Expectation Failed";
    case Status::misdirected_request: return "Misdirected Request";
    case Status::unprocessable_content: return "Unprocessable Content";
    case Status::too_many_requests: return "Too Many Requests";
    case Status::header_fields_too_large: return "Request Header Fields Too Large";
    case Status::internal_server_error: return "Internal Server Error";
    case Status::not_implemented: return "Not Implemented";
    case Status::service_unavailable: return "Service Unavailable";
    case Status::gateway_timeout: return "Gateway Timeout";
    case Status::version_not_supported: return "HTTP Version Not Supported";
    case Status::insufficient_storage: return "Insufficient Storage";
  }
  return "Unknown";
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string> Headers::find(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& [field, value] : fields_) {
    if (!equal_ignoring_case(field, name)) continue;
    joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

const std::string& Request::segment(std::string_view name) const {
  const auto found = std::find_if(segments.begin(), segments.end(), [&](const auto& s) { return s.first == name; });
  assert(found != segments.end());
  return found->second;
}

Result<std::optional<std::string>> Request::parameter(std::string_view name) const {
  const auto values = parameters(name);
  if (values.empty()) return std::optional<std::string>();
  if (values.size() == 1) return std::optional<std::string>(values.front());
  return invalid_input("query parameter '" + std::string(name) + "' is given " + std::to_string(values.size()) +
                       " times; it may be given once");
}

std::vector<std::string> Request::parameters(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

}  // namespace doppel

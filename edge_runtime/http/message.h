// An HTTP request as a handler sees it, and what it answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel {

enum class Method : std::uint8_t { get, head, post, put, patch, remove, options };
std::string_view to_string(Method method);  // "GET"
std::optional<Method> parse_method(std::string_view text);

// The status codes that are answered, by their RFC 9110 names.
enum class Status : unsigned {
  ok = 200, created = 201, accepted = 202, no_content = 204, not_modified = 304,
  bad_request = 400, unauthorized = 401, forbidden = 403, not_found = 404, method_not_allowed = 405,
  not_acceptable = 406, request_timeout = 408, conflict = 409, precondition_failed = 412, content_too_large = 413,
  uri_too_long = 414, unsupported_media_type = 415, expectation_failed = 417, misdirected_request = 421,
  unprocessable_content = 422, too_many_requests = 429, header_fields_too_large = 431,
  internal_server_error = 500, not_implemented = 501, service_unavailable = 503, gateway_timeout = 504,
  version_not_supported = 505, insufficient_storage = 507,
};
std::string_view reason_of(Status status);  // "Not Found"

using NameValue = std::pair<std::string, std::string>;
bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII

// Header fields in the order received. Names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  // The field's value, several of one name joined by ", "; nothing when absent.
  std::optional<std::string> find(std::string_view name) const;
  const std::vector<NameValue>& fields() const { return fields_; }

 private:
  std::vector<NameValue> fields_;
};

struct Request {
  Method method = Method::get;
  std::string path;                // as sent: still percent-encoded
  std::vector<NameValue> segments; // the {names} of the route, decoded: an encoded slash stays inside its value
  std::vector<NameValue> query;    // decoded, in the order sent; names may repeat
  Headers headers;
  std::string body;

  // A {name} of the route; the route has it, or this is a bug.
  const std::string& segment(std::string_view name) const;
  // Errors: invalid_input when the parameter is given more than once.
  Result<std::optional<std::string>> parameter(std::string_view name) const;
  std::vector<std::string> parameters(std::string_view name) const;
};

struct Response {
  Status status = Status::ok;
  std::string content_type = "application/json";
  std::vector<NameValue> headers;  // beside those that every answer has
  std::string body;
  std::string_view static_body;    // bytes as long-lived as the program, sent when `body` is empty

  std::string_view content() const { return body.empty() ? static_body : std::string_view(body); }
};

}  // namespace doppel

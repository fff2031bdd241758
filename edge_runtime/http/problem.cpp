#include "edge_runtime/http/problem.h"

#include <nlohmann/json.hpp>

#include "twin_store/model/value.h"

namespace doppel {
namespace {

// "Not Found" -> "not-found"
std::string kebab_case(std::string_view words) {
  std::string out;
  for (const char c : words) {
    const bool upper = c >= 'A' && c <= 'Z';
    out.push_back(c == ' ' ? '-' : upper ? static_cast<char>(c + ('a' - 'A')) : c);
  }
  return out;
}

void append_member(std::string& json, std::string_view name, std::string_view value) {
  json += ",\"";
  json += name;
  json += "\":";
  append_json_string(json, value);
}

ErrorCode code_of(Status status) {
  switch (status) {
    case Status::not_found: return ErrorCode::not_found;
    case Status::conflict:
    case Status::precondition_failed: return ErrorCode::conflict;
    case Status::content_too_large:
    case Status::unprocessable_content:
    case Status::insufficient_storage: return ErrorCode::limit_exceeded;
    case Status::too_many_requests:
    case Status::request_timeout:
    case Status::service_unavailable:
    case Status::gateway_timeout: return ErrorCode::unavailable;
    default: return static_cast<unsigned>(status) < 500 ? ErrorCode::invalid_input : ErrorCode::internal;
  }
}

}  // namespace

Status status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input: return Status::bad_request;
    case ErrorCode::not_found: return Status::not_found;
    case ErrorCode::conflict: return Status::conflict;
    case ErrorCode::limit_exceeded: return Status::unprocessable_content;
    case ErrorCode::unavailable: return Status::service_unavailable;
    case ErrorCode::corrupt_data:
    case ErrorCode::internal: return Status::internal_server_error;
  }
  return Status::internal_server_error;
}

Response problem(Status status, std::string_view detail, std::string_view instance) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  std::string& json = response.body;
  json = "{\"type\":\"urn:doppel:problem:" + kebab_case(reason_of(status)) + '"';
  append_member(json, "title", reason_of(status));
  json += ",\"status\":" + std::to_string(static_cast<unsigned>(status));
  append_member(json, "detail", detail);
  append_member(json, "instance", instance);
  json += '}';
  if (status == Status::service_unavailable || status == Status::too_many_requests) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

Response problem(const Error& error, std::string_view instance) {
  return problem(status_of(error.code), error.message, instance);
}

Error error_of(Status status, std::string_view body) {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (document.is_object() && document.contains("detail") && document["detail"].is_string()) {
    return {code_of(status), document["detail"].get<std::string>()};
  }
  return {code_of(status), "the server answered " + std::to_string(static_cast<unsigned>(status))};
}

}  // namespace doppel

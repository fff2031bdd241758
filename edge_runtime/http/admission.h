// Whether a request is let in, decided from its head alone: before a byte of its body is read, and before its handler runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "edge_runtime/http/connection.h"
#include "edge_runtime/http/message.h"
#include "edge_runtime/http/router.h"

namespace doppel {

struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
};

struct AdmittedRequest {
  const Route* route;
  Request request;          // without its body
  std::size_t body_bytes;   // the most its body may have; taken from context.bodies
  bool wants_continue;      // waits for 100 Continue before it sends the body
};

std::variant<AdmittedRequest, Response> admit(RequestHead head, ConnectionContext& context);

}  // namespace doppel

// Problem documents (RFC 9457): the one form of every error answer, and the one place where an ErrorCode becomes a status.
#pragma once

#include <string>
#include <string_view>

#include "edge_runtime/http/message.h"
#include "twin_store/model/result.h"

namespace doppel {

// A limit that a request exceeds it will exceed again (422): what may pass is unavailable (503, with Retry-After).
Status status_of(ErrorCode code);

// {"type","title","status","detail","instance"}; type is "urn:doppel:problem:" and the status' name in kebab case.
// `instance` is the path of the request.
Response problem(Status status, std::string_view detail, std::string_view instance);
Response problem(const Error& error, std::string_view instance);

// The reverse, for clients: the error that a status other than 2xx and its body stand for.
Error error_of(Status status, std::string_view body);

}  // namespace doppel

#include "edge_runtime/http/reply.h"

#include "edge_runtime/http/problem.h"

namespace doppel {

void Reply::json(std::string body) const {
  Response response;
  response.body = std::move(body);
  send(std::move(response));
}

void Reply::fail(const Error& error) const { send(problem(error, channel_->path())); }

void Reply::fail(Status status, std::string_view detail) const { send(problem(status, detail, channel_->path())); }

}  // namespace doppel

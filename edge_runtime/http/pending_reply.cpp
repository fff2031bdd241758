#include "edge_runtime/http/pending_reply.h"

#include "edge_runtime/http/problem.h"

namespace doppel {

PendingReply::~PendingReply() {
  send(problem(Status::internal_server_error, "the request was dropped without an answer", path_));
}

void PendingReply::send(Response response) { deliver(std::move(response)); }

void PendingReply::stream(std::unique_ptr<StreamSource> source) { deliver(std::move(source)); }

template <class Content>
void PendingReply::deliver(Content content) {
  if (given_.exchange(true)) return;
  const auto shared = std::make_shared<Content>(std::move(content));
  mailbox_->run([&owner = owner_, connection = connection_, request = request_, shared] {
    owner.deliver(connection, request, std::move(*shared));
  });
}

}  // namespace doppel

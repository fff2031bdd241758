// The answer that a handler owes, on its way from whatever thread gives it to the connection that waits. Used by connections.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "edge_runtime/http/connection.h"
#include "edge_runtime/http/reply.h"

namespace doppel {

class PendingReply final : public Reply::Channel {
 public:
  PendingReply(std::shared_ptr<Mailbox> mailbox, ConnectionOwner& owner, std::uint64_t connection, std::uint64_t request,
               std::string path)
      : mailbox_(std::move(mailbox)), owner_(owner), connection_(connection), request_(request), path_(std::move(path)) {}
  ~PendingReply() override;

  void send(Response response) override;
  void stream(std::unique_ptr<StreamSource> source) override;
  const std::string& path() const override { return path_; }

 private:
  template <class Content>
  void deliver(Content content);

  const std::shared_ptr<Mailbox> mailbox_;
  ConnectionOwner& owner_;  // used on the server's thread only, while the mailbox is open
  const std::uint64_t connection_, request_;
  const std::string path_;
  std::atomic<bool> given_{false};
};

}  // namespace doppel

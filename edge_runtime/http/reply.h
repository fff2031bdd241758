// The answer to one request, which may be given later and from another thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "edge_runtime/http/message.h"
#include "twin_store/model/result.h"

namespace doppel {

using SharedText = std::shared_ptr<const std::string>;

// What a stream sends next. Thread: the server's, for every call.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  // Appends texts of about `max_bytes` together, none when there is nothing new.
  virtual void take(std::size_t max_bytes, std::vector<SharedText>& texts) = 0;
  // What to send when nothing else was sent for a while.
  virtual SharedText heartbeat() = 0;
};

// Copyable, so that it fits into std::function; all copies are one answer. The first that is given counts. When the last
// copy goes without one, the client is answered 500.
// Thread: any; also after the server has stopped, when an answer goes nowhere.
class Reply {
 public:
  class Channel {
   public:
    virtual ~Channel() = default;
    virtual void send(Response response) = 0;
    virtual void stream(std::unique_ptr<StreamSource> source) = 0;
    virtual const std::string& path() const = 0;
  };

  explicit Reply(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

  void send(Response response) const { channel_->send(std::move(response)); }
  void json(std::string body) const;
  void fail(const Error& error) const;
  void fail(Status status, std::string_view detail) const;
  // Answers 200 text/event-stream and sends what `source` gives until the client leaves.
  void stream(std::unique_ptr<StreamSource> source) const { channel_->stream(std::move(source)); }

 private:
  std::shared_ptr<Channel> channel_;
};

}  // namespace doppel

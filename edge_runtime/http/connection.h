// The two lives of a socket: answering requests one after another, then perhaps sending a stream. Used by the server alone.
//
// Thread: the server's, for everything but Mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "edge_runtime/http/access.h"
#include "edge_runtime/http/router.h"
#include "edge_runtime/http/server.h"

namespace boost::asio {
class io_context;
}

namespace doppel {

// The way into the server's thread, for those who may outlive the server.
class Mailbox {
 public:
  // From open() on tasks are kept until the server's thread runs them, and from close() on they are dropped.
  void open(boost::asio::io_context& io);
  void settle_on_this_thread();
  void close();
  // Runs the task on the server's thread: at once when called there. Nothing happens when it is closed.
  void run(std::function<void()> task);

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_ = nullptr;
  std::atomic<std::thread::id> thread_;
};

// Bytes that all connections together may hold.
class Budget {
 public:
  explicit Budget(std::size_t bytes) : left_(bytes) {}
  [[nodiscard]] bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  void give_back(std::size_t bytes) { left_ += bytes; }

 private:
  std::size_t left_;
};

// Read by metrics from any thread, written by the server's.
struct HttpCounters {
  std::atomic<std::uint64_t> accepted{0}, refused{0};  // connections
  std::atomic<std::uint64_t> answers[6] = {};          // by the status' first digit
  std::atomic<std::uint64_t> handler_exceptions{0};
  std::atomic<std::uint64_t> open_connections{0}, open_streams{0};
};

struct Socket {
  int handle;
  bool is_v6;
};

class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void closed(std::uint64_t id) = 0;
  // The connection gives up its socket: what comes next on it is a stream.
  virtual void becomes_stream(std::uint64_t id, Socket socket, std::unique_ptr<StreamSource> source) = 0;
  // For answers that come later: a connection that is gone takes none.
  virtual void deliver(std::uint64_t id, std::uint64_t request, Response response) = 0;
  virtual void deliver(std::uint64_t id, std::uint64_t request, std::unique_ptr<StreamSource> source) = 0;
};

// What the connections of a server share.
struct ConnectionContext {
  boost::asio::io_context& io;
  ConnectionOwner& owner;
  const std::shared_ptr<Mailbox> mailbox;
  const Router* router;  // of the server's thread
  const AccessGuard guard;
  const HttpLimits limits;
  const Clock& clock;
  HttpCounters counters;
  Budget bodies, replies;
  std::size_t requests_at_work = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void check_time(Duration now) = 0;  // ends what has taken too long
  virtual void finish() = 0;                  // closes once the answer under way has been sent
  virtual void close() = 0;
};

class RequestConnection : public Connection {
 public:
  // `request` numbers the requests of the connection: an answer to an earlier one is dropped.
  virtual void deliver(std::uint64_t request, Response response) = 0;
  virtual void deliver(std::uint64_t request, std::unique_ptr<StreamSource> source) = 0;
};

class StreamConnection : public Connection {
 public:
  virtual void send_news() = 0;
};

// `refused`: the server is full; the one answer is 503.
enum class Admission : std::uint8_t { admitted, refused };
std::shared_ptr<RequestConnection> open_request_connection(ConnectionContext& context, std::uint64_t id, Socket socket,
                                                           Admission admission);
std::shared_ptr<StreamConnection> open_stream_connection(ConnectionContext& context, std::uint64_t id, Socket socket,
                                                         std::unique_ptr<StreamSource> source);

// Status line and headers, with those that every answer has: Date, security headers, Content-Length, Connection.
enum class Persistence : std::uint8_t { keep_alive, close, until_close };  // until_close: no Content-Length
std::string response_head(const Response& response, Timestamp now, Persistence persistence);

}  // namespace doppel

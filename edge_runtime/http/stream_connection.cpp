#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "edge_runtime/http/connection.h"

namespace doppel {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kWriteBytes = 64u << 10;  // texts given to one write

class AsioStreamConnection final : public StreamConnection, public std::enable_shared_from_this<AsioStreamConnection> {
 public:
  AsioStreamConnection(ConnectionContext& context, std::uint64_t id, Socket socket, std::unique_ptr<StreamSource> source)
      : context_(context), id_(id), socket_(context.io, socket.is_v6 ? tcp::v6() : tcp::v4(), socket.handle),
        source_(std::move(source)) {}

  void start() {
    Response response;
    response.content_type = "text/event-stream";
    response.headers = {{"X-Accel-Buffering", "no"}};  // proxies pass events on at once
    texts_.push_back(std::make_shared<const std::string>(
        response_head(response, context_.clock.wall(), Persistence::until_close)));
    source_->take(kWriteBytes, texts_);
    write();
    watch();
  }

  void send_news() override {
    if (writing_ || closed_) return;
    source_->take(kWriteBytes, texts_);
    if (!texts_.empty()) write();
  }

  void check_time(Duration now) override {
    const auto quiet = now - last_write_;
    if (writing_ && quiet >= context_.limits.write_time) return close();
    if (writing_ || quiet < context_.limits.heartbeat) return;
    texts_.push_back(source_->heartbeat());
    write();
  }

  void finish() override { close(); }

  void close() override {
    if (closed_) return;
    closed_ = true;
    source_.reset();
    error_code ignored;
    socket_.close(ignored);
    context_.owner.closed(id_);
  }

 private:
  void write() {
    writing_ = true;
    last_write_ = context_.clock.monotonic();
    buffers_.clear();
    for (const auto& text : texts_) buffers_.push_back(asio::buffer(*text));
    asio::async_write(socket_, buffers_, [self = shared_from_this()](error_code failure, std::size_t) {
      self->writing_ = false;
      self->texts_.clear();
      failure ? self->close() : self->send_news();
    });
  }

  // A client says nothing more on a stream; its leaving shows as the end of what can be read.
  void watch() {
    socket_.async_read_some(asio::buffer(ignored_input_), [self = shared_from_this()](error_code failure, std::size_t) {
      failure ? self->close() : self->watch();
    });
  }

  ConnectionContext& context_;
  const std::uint64_t id_;
  tcp::socket socket_;
  std::unique_ptr<StreamSource> source_;
  std::vector<SharedText> texts_;             // being written
  std::vector<asio::const_buffer> buffers_;   // their bytes
  std::array<char, 64> ignored_input_{};
  Duration last_write_{0};
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<StreamConnection> open_stream_connection(ConnectionContext& context, std::uint64_t id, Socket socket,
                                                         std::unique_ptr<StreamSource> source) {
  auto connection = std::make_shared<AsioStreamConnection>(context, id, socket, std::move(source));
  connection->start();
  return connection;
}

}  // namespace doppel

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "edge_runtime/http/admission.h"
#include "edge_runtime/http/connection.h"
#include "edge_runtime/http/pending_reply.h"
#include "edge_runtime/http/problem.h"

namespace doppel {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadAhead = 64u << 10;    // of a body, or of requests that follow
constexpr std::size_t kMostDrained = 1u << 20;   // read and dropped after a last answer, so that the client gets to see it
constexpr auto kLingerTime = std::chrono::seconds(1);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

enum class Phase : std::uint8_t { idle, reading_header, reading_body, at_work, writing, lingering, closed };

bool is_parse_error(const error_code& failure) {
  return failure.category() == http::make_error_code(http::error::bad_field).category();
}

Response parse_problem(const error_code& failure, const HttpLimits& limits) {
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return problem(Status::header_fields_too_large,
                   "request line and headers are larger than " + std::to_string(limits.header_bytes) + " bytes", "");
  }
  if (failure == http::error::body_limit) return problem(Status::content_too_large, "the body is larger than allowed here", "");
  if (failure == http::error::bad_version) return problem(Status::version_not_supported, "only HTTP/1.0 and 1.1 are spoken", "");
  return problem(Status::bad_request, "not a valid HTTP request: " + failure.message(), "");
}

class BeastConnection final : public RequestConnection, public std::enable_shared_from_this<BeastConnection> {
 public:
  BeastConnection(ConnectionContext& context, std::uint64_t id, Socket socket)
      : context_(context), id_(id), is_v6_(socket.is_v6),
        socket_(context.io, socket.is_v6 ? tcp::v6() : tcp::v4(), socket.handle),
        buffer_(context.limits.header_bytes + kReadAhead) {}

  ~BeastConnection() override { release_memory(); }

  void start(Admission admission) {
    if (admission == Admission::admitted) return read_header();
    answer_and_close(problem(Status::service_unavailable,
                             "all " + std::to_string(context_.limits.connections) + " connections are in use", ""));
  }

  void deliver(std::uint64_t request, Response response) override {
    if (phase_ == Phase::at_work && request == request_number_) answer(std::move(response));
  }

  void deliver(std::uint64_t request, std::unique_ptr<StreamSource> source) override {
    if (phase_ != Phase::at_work || request != request_number_) return;
    if (context_.counters.open_streams >= context_.limits.streams) {
      return answer(problem(Status::too_many_requests,
                            "all " + std::to_string(context_.limits.streams) + " streams are in use", request_.path));
    }
    if (request_.method == Method::head) return answer({Status::ok, "text/event-stream", {}, {}, {}});
    leave_work();
    phase_ = Phase::closed;
    count_answer(Status::ok);
    context_.owner.becomes_stream(id_, {socket_.release(), is_v6_}, std::move(source));
  }

  void check_time(Duration now) override {
    const bool started = buffer_.size() > 0 || (parser_ && parser_->got_some());
    if (phase_ == Phase::idle && started) enter(Phase::reading_header, context_.limits.header_time);
    if (now < deadline_) return;
    switch (phase_) {
      case Phase::reading_header:
      case Phase::reading_body:
        timed_out_ = true;  // the read under way ends, and answers 408
        return socket_.cancel();
      case Phase::at_work:
        return answer(problem(Status::gateway_timeout, "no answer within the time allowed", request_.path));
      default: return close();
    }
  }

  void finish() override {
    finishing_ = true;
    if (phase_ == Phase::idle || phase_ == Phase::lingering) close();
  }

  void close() override {
    if (phase_ == Phase::closed) return;
    if (phase_ == Phase::at_work) leave_work();
    phase_ = Phase::closed;
    error_code ignored;
    socket_.close(ignored);
    context_.owner.closed(id_);
  }

 private:
  void enter(Phase phase, Duration time) {
    phase_ = phase;
    deadline_ = context_.clock.monotonic() + time;
  }

  Duration time_for(std::size_t bytes) const {
    return std::chrono::seconds(bytes / context_.limits.slowest_bytes_per_second);
  }

  void read_header() {
    enter(Phase::idle, context_.limits.idle_time);
    timed_out_ = false;
    ++request_number_;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(context_.limits.header_bytes));
    parser_->body_limit(boost::none);  // set once the route is known
    http::async_read_header(socket_, buffer_, *parser_, [self = shared_from_this()](error_code failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      failure ? self->reading_failed(failure) : self->admit();
    });
  }

  void reading_failed(const error_code& failure) {
    if (timed_out_) {
      return answer_and_close(problem(Status::request_timeout, "the request did not arrive in time", request_.path));
    }
    const bool nothing_to_answer = failure == http::error::end_of_stream || failure == http::error::partial_message;
    if (nothing_to_answer || !is_parse_error(failure)) return close();
    answer_and_close(parse_problem(failure, context_.limits));
  }

  // Everything that can be decided before the body is read.
  void admit() {
    const auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    RequestHead head{std::string(message.method_string()), std::string(message.target()), {}, std::nullopt, parser_->chunked()};
    for (const auto& field : message) head.headers.add(std::string(field.name_string()), std::string(field.value()));
    if (const auto length = parser_->content_length()) head.content_length = *length;
    auto admitted = doppel::admit(std::move(head), context_);
    if (auto* refusal = std::get_if<Response>(&admitted)) {
      const bool body_follows = parser_->content_length().value_or(0) > 0 || message.count(http::field::transfer_encoding) > 0;
      return body_follows ? answer_and_close(std::move(*refusal)) : answer(std::move(*refusal));
    }
    auto& accepted = std::get<AdmittedRequest>(admitted);
    route_ = accepted.route;
    request_ = std::move(accepted.request);
    held_for_body_ = accepted.body_bytes;
    parser_->body_limit(accepted.body_bytes);
    accepted.wants_continue ? invite_body() : read_body();
  }

  void invite_body() {
    enter(Phase::reading_body, context_.limits.body_time + time_for(held_for_body_));
    asio::async_write(socket_, asio::buffer(kContinue), [self = shared_from_this()](error_code failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      failure ? self->reading_failed(failure) : self->read_body();
    });
  }

  void read_body() {
    if (parser_->is_done()) return hand_over();
    enter(Phase::reading_body, context_.limits.body_time + time_for(held_for_body_));
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      failure ? self->reading_failed(failure) : self->hand_over();
    });
  }

  void hand_over() {
    request_.body = std::move(parser_->get().body());
    enter(Phase::at_work, context_.limits.handler_time);
    ++context_.requests_at_work;
    const Reply reply(std::make_shared<PendingReply>(context_.mailbox, context_.owner, id_, request_number_, request_.path));
    try {
      route_->handler(request_, reply);
    } catch (const std::exception& bug) {
      ++context_.counters.handler_exceptions;
      reply.fail(internal_error(std::string("the handler failed: ") + bug.what()));
    }
  }

  void leave_work() { --context_.requests_at_work; }

  void answer_and_close(Response response) {
    keep_alive_ = false;
    answer(std::move(response));
  }

  void answer(Response response) {
    if (phase_ == Phase::at_work) leave_work();
    if (!context_.replies.take(response.body.size())) {
      response = problem(Status::service_unavailable, "too many large answers are under way", request_.path);
    } else {
      held_for_reply_ = response.body.size();
    }
    response_ = std::move(response);
    keep_alive_ = keep_alive_ && !finishing_;
    head_ = response_head(response_, context_.clock.wall(), keep_alive_ ? Persistence::keep_alive : Persistence::close);
    count_answer(response_.status);
    const bool bodiless = request_.method == Method::head || response_.status == Status::no_content ||
                          response_.status == Status::not_modified;
    const auto content = bodiless ? std::string_view() : response_.content();
    enter(Phase::writing, context_.limits.write_time + time_for(content.size()));
    const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_), asio::buffer(content)};
    asio::async_write(socket_, parts, [self = shared_from_this()](error_code failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      failure ? self->close() : self->written();
    });
  }

  void written() {
    release_memory();
    response_ = {};
    request_ = {};
    if (finishing_) return close();
    if (!keep_alive_) return linger();
    if (buffer_.size() == 0 && buffer_.capacity() > context_.limits.header_bytes) buffer_.shrink_to_fit();
    read_header();
  }

  // Closing with unread input would reset the connection, and the client might lose the answer.
  void linger() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    enter(Phase::lingering, kLingerTime);
    buffer_.clear();
    drain(0);
  }

  void drain(std::size_t drained) {
    if (drained > kMostDrained) return close();
    socket_.async_read_some(buffer_.prepare(4096), [self = shared_from_this(), drained](error_code failure, std::size_t size) {
      if (self->phase_ == Phase::closed) return;
      failure ? self->close() : self->drain(drained + size);
    });
  }

  void release_memory() {
    context_.bodies.give_back(std::exchange(held_for_body_, 0));
    context_.replies.give_back(std::exchange(held_for_reply_, 0));
    request_.body = {};
  }

  void count_answer(Status status) { ++context_.counters.answers[static_cast<unsigned>(status) / 100]; }

  ConnectionContext& context_;
  const std::uint64_t id_;
  const bool is_v6_;
  tcp::socket socket_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Phase phase_ = Phase::idle;
  Duration deadline_{0};
  bool timed_out_ = false;
  bool keep_alive_ = true;
  bool finishing_ = false;
  std::uint64_t request_number_ = 0;
  const Route* route_ = nullptr;
  Request request_;
  Response response_;
  std::string head_;
  std::size_t held_for_body_ = 0, held_for_reply_ = 0;  // taken from the budgets
};

}  // namespace

std::shared_ptr<RequestConnection> open_request_connection(ConnectionContext& context, std::uint64_t id, Socket socket,
                                                           Admission admission) {
  auto connection = std::make_shared<BeastConnection>(context, id, socket);
  connection->start(admission);
  return connection;
}

}  // namespace doppel

#include "edge_runtime/http/client.h"

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "edge_runtime/http/problem.h"

namespace doppel {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeader = 64u << 10;
constexpr std::size_t kMaxProblem = 64u << 10;
constexpr auto kStopCheck = std::chrono::milliseconds(100);  // how soon a stop token is noticed

struct Server {
  std::string host, port;
  std::string authority() const { return (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + port; }
};

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos &&
         std::stoul(std::string(text)) <= 65535;
}

Result<Server> parse_server(std::string_view text) {
  const std::string whole(text);
  if (text.starts_with("http://")) text.remove_prefix(7);
  while (text.ends_with('/')) text.remove_suffix(1);
  const auto colon = text.rfind(':');
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool plain = !host.empty() && host.find_first_of("/?#@ ") == std::string_view::npos;
  if (plain && colon != std::string_view::npos && is_port(text.substr(colon + 1))) {
    return Server{std::string(host), std::string(text.substr(colon + 1))};
  }
  return invalid_input("server '" + whole + "' is not an address as http://HOST:PORT");
}

http::verb verb_of(Method method) { return http::string_to_verb(std::string(to_string(method))); }

Headers headers_of(const http::fields& fields) {
  Headers headers;
  for (const auto& field : fields) headers.add(std::string(field.name_string()), std::string(field.value()));
  return headers;
}

}  // namespace

class HttpClient::Wire {
 public:
  Wire(HttpClientOptions options, Server server) : options_(std::move(options)), server_(std::move(server)) {}

  Result<ClientResponse> send(const ClientRequest& request) {
    const bool reused = socket_.is_open();
    auto response = exchange(request);
    // The server may have closed a kept connection just before: nothing was answered, so asking again is safe for reading.
    if (!response && reused && !any_answer_ && request.method == Method::get) response = exchange(request);
    return response;
  }

  Result<void> stream(const ClientRequest& request, std::string& last_event_id, std::stop_token stop,
                      const std::function<Next(const SseEvent&)>& visit) {
    stop_requested_ = false;
    const std::stop_callback on_stop(stop, [this] { stop_requested_ = true; });
    auto result = open_and_read(request, last_event_id, visit);
    disconnect();
    if (stop_requested_.exchange(false)) return {};
    return result;
  }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  using StreamParser = http::response_parser<http::buffer_body>;

  Result<ClientResponse> exchange(const ClientRequest& request) {
    const auto deadline = Deadline::clock::now() + options_.timeout;
    any_answer_ = false;
    if (const auto sent = connect_and_write(request, deadline); !sent) return sent.error();
    http::response_parser<http::string_body> parser;
    parser.header_limit(kMaxHeader);
    parser.body_limit(options_.body_bytes);
    if (request.method == Method::head) parser.skip(true);
    error_code failure;
    http::async_read(socket_, buffer_, parser, [&failure](error_code result, std::size_t) { failure = result; });
    const bool in_time = run_until(deadline);
    any_answer_ = parser.got_some();
    if (!in_time) return too_slow();
    if (failure) return broken(failure);
    if (!parser.keep_alive()) disconnect();
    auto message = parser.release();
    return ClientResponse{static_cast<Status>(message.result_int()), headers_of(message), std::move(message.body())};
  }

  Result<void> connect_and_write(const ClientRequest& request, Deadline deadline) {
    if (!socket_.is_open()) {
      if (const auto connected = connect(deadline); !connected) return connected;
    }
    http::request<http::string_body> message(verb_of(request.method), request.target, 11);
    message.set(http::field::host, server_.authority());
    if (!options_.token.empty()) message.set(http::field::authorization, "Bearer " + options_.token);
    if (!request.content_type.empty()) message.set(http::field::content_type, request.content_type);
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    message.prepare_payload();
    error_code failure;
    http::async_write(socket_, message, [&failure](error_code result, std::size_t) { failure = result; });
    if (!run_until(deadline)) return too_slow();
    // A server that refuses early stops reading: its answer, not our failed write, says why.
    const bool may_have_answered = failure == asio::error::broken_pipe || failure == asio::error::connection_reset;
    if (failure && !may_have_answered) return broken(failure);
    return {};
  }

  Result<void> connect(Deadline deadline) {
    error_code failure;
    tcp::resolver resolver(io_);
    const auto endpoints = resolver.resolve(server_.host, server_.port, failure);
    if (failure) return unavailable("cannot find host '" + server_.host + "': " + failure.message());
    asio::async_connect(socket_, endpoints, [&failure](error_code result, const tcp::endpoint&) { failure = result; });
    if (!run_until(deadline)) return too_slow();
    if (failure) {
      disconnect();
      return unavailable("cannot connect to http://" + server_.authority() + ": " + failure.message());
    }
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    return {};
  }

  Result<void> open_and_read(const ClientRequest& request, std::string& last_event_id, const std::function<Next(const SseEvent&)>& visit) {
    auto parser = open_stream(request);
    if (!parser) return parser.error();
    return read_events(**parser, last_event_id, visit);
  }

  Result<std::unique_ptr<StreamParser>> open_stream(const ClientRequest& request) {
    const auto deadline = Deadline::clock::now() + options_.timeout;
    disconnect();
    if (const auto sent = connect_and_write(request, deadline); !sent) return sent.error();
    auto parser = std::make_unique<StreamParser>();
    parser->header_limit(kMaxHeader);
    parser->body_limit(boost::none);
    error_code failure;
    http::async_read_header(socket_, buffer_, *parser, [&failure](error_code result, std::size_t) { failure = result; });
    if (!run_until(deadline)) return too_slow();
    if (failure) return broken(failure);
    const auto status = static_cast<Status>(parser->get().result_int());
    if (status == Status::ok) return parser;
    return refused_stream(*parser, status, deadline);
  }

  // Reads the problem document that came instead of a stream.
  Error refused_stream(StreamParser& parser, Status status, Deadline deadline) {
    std::string document;
    std::array<char, 4096> piece{};
    while (!parser.is_done() && document.size() < kMaxProblem) {
      const auto size = read_piece(parser, piece, deadline);
      if (!size) break;
      document.append(piece.data(), *size);
    }
    disconnect();
    return error_of(status, document);
  }

  // Bytes of the body; nothing when it ended or failed, then failure_ says which.
  std::optional<std::size_t> read_piece(StreamParser& parser, std::array<char, 4096>& piece, Deadline deadline) {
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    body.more = true;
    http::async_read_some(socket_, buffer_, parser, [this](error_code result, std::size_t) { failure_ = result; });
    if (!run_until(deadline)) failure_ = asio::error::timed_out;
    if (failure_ == http::error::need_buffer) failure_ = {};
    const auto size = piece.size() - body.size;
    if (failure_ || (size == 0 && parser.is_done())) return std::nullopt;
    return size;
  }

  Result<void> read_events(StreamParser& parser, std::string& last_event_id, const std::function<Next(const SseEvent&)>& visit) {
    SseParser events;
    Next next = Next::go_on;
    std::array<char, 4096> piece{};
    while (next == Next::go_on) {
      const auto size = read_piece(parser, piece, Deadline::clock::now() + options_.timeout);
      if (!size) return failure_ == asio::error::timed_out ? too_slow() : unavailable("the server ended the stream");
      events.feed({piece.data(), *size}, [&](const SseEvent& event) {
        if (next == Next::stop) return;  // what comes after it was not seen
        next = visit(event);
        last_event_id = event.id;
      });
      // A heartbeat has an id too.
      if (next == Next::go_on && !events.last_event_id().empty()) last_event_id = events.last_event_id();
    }
    return {};
  }

  // Runs the operation under way to its end. False when the deadline, or a stop, ended it: the connection is gone then.
  bool run_until(Deadline deadline) {
    io_.restart();
    while (Deadline::clock::now() < deadline && !stop_requested_) {
      io_.run_for(std::min<Deadline::duration>(kStopCheck, deadline - Deadline::clock::now()));
      if (io_.stopped()) return true;
    }
    disconnect();
    io_.run();
    return false;
  }

  void disconnect() {
    error_code ignored;
    socket_.close(ignored);
    buffer_.clear();
  }

  Error too_slow() {
    disconnect();
    return unavailable("http://" + server_.authority() + " did not answer within " + std::to_string(options_.timeout.count()) +
                       " ms");
  }

  Error broken(const error_code& failure) {
    disconnect();
    if (failure == http::error::body_limit) {
      return limit_exceeded("the answer of http://" + server_.authority() + " is larger than " +
                            std::to_string(options_.body_bytes) + " bytes");
    }
    const bool ended = failure == http::error::end_of_stream || failure == http::error::partial_message;
    const auto reason = ended ? std::string("the server closed the connection") : failure.message();
    return unavailable("the connection to http://" + server_.authority() + " broke: " + reason);
  }

  const HttpClientOptions options_;
  const Server server_;
  asio::io_context io_{1};
  tcp::socket socket_{io_};
  beast::flat_buffer buffer_;
  error_code failure_;
  bool any_answer_ = false;  // a byte of the last answer arrived
  std::atomic<bool> stop_requested_{false};
};

HttpClient::HttpClient(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::open(HttpClientOptions options) {
  auto server = parse_server(options.server);
  if (!server) return server.error();
  return HttpClient(std::make_unique<Wire>(std::move(options), *std::move(server)));
}

Result<ClientResponse> HttpClient::send(const ClientRequest& request) { return wire_->send(request); }

Result<std::string> HttpClient::get(const std::string& target) { return ask({Method::get, target, {}, {}, {}}); }

Result<std::string> HttpClient::ask(const ClientRequest& request) {
  auto response = send(request);
  if (!response) return response.error();
  if (static_cast<unsigned>(response->status) / 100 == 2) return std::move(response->body);
  return error_of(response->status, response->body);
}

Result<void> HttpClient::stream(const std::string& target, std::string& last_event_id, std::stop_token stop,
                                const std::function<Next(const SseEvent&)>& visit) {
  ClientRequest request{Method::get, target, {}, {}, {{"Accept", "text/event-stream"}}};
  if (!last_event_id.empty()) request.headers.emplace_back("Last-Event-ID", last_event_id);
  return wire_->stream(request, last_event_id, std::move(stop), visit);
}

}  // namespace doppel

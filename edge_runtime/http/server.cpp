#include "edge_runtime/http/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <unordered_map>

#include "edge_runtime/http/connection.h"
#include "twin_store/model/loopback.h"

namespace doppel {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kTick = std::chrono::milliseconds(250);  // how exact the times of HttpLimits are kept
constexpr std::size_t kRefusedAtOnce = 64;              // connections beyond the limit that are told so; more are just closed

Result<tcp::endpoint> endpoint_of(const HttpServerOptions& options) {
  const auto text = options.address == "localhost" ? "127.0.0.1" : options.address;
  error_code failure;
  const auto address = asio::ip::make_address(text, failure);
  if (failure) return invalid_input("http address '" + options.address + "' is not an IP address");
  if (!is_loopback(text) && options.token.empty()) {
    return invalid_input("http address '" + options.address +
                         "' can be reached from other machines: a token file is needed as well");
  }
  if (!options.token.empty() && options.token.size() < kMinToken) {
    return invalid_input("the http token has " + std::to_string(options.token.size()) + " characters; at least " +
                         std::to_string(kMinToken) + " are needed");
  }
  return tcp::endpoint(address, options.port);
}

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(endpoint.port());
}

}  // namespace

void Mailbox::open(boost::asio::io_context& io) {
  const std::lock_guard lock(mutex_);
  io_ = &io;
}

void Mailbox::settle_on_this_thread() { thread_ = std::this_thread::get_id(); }

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  thread_ = std::thread::id();
}

void Mailbox::run(std::function<void()> task) {
  if (thread_ == std::this_thread::get_id()) return task();
  const std::lock_guard lock(mutex_);
  if (io_ != nullptr) asio::post(*io_, std::move(task));
}

// The server's thread and all that it alone touches.
class HttpServer::Loop final : public ConnectionOwner {
 public:
  Loop(const HttpServerOptions& options, Router router, StreamHub& hub, const Clock& clock)
      : first_router_(std::move(router)), hub_(hub), mailbox_(std::make_shared<Mailbox>()), acceptor_(io_), timer_(io_) {
    const auto& limits = options.limits;
    context_.reset(new ConnectionContext{io_, *this, mailbox_, &first_router_, AccessGuard(options.token), limits, clock, {},
                                         Budget(limits.body_memory), Budget(limits.reply_memory)});
  }
  ~Loop() override { stop(); }

  Result<void> listen(const tcp::endpoint& endpoint) {
    error_code failure;
    acceptor_.open(endpoint.protocol(), failure);
    if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
    if (!failure) acceptor_.bind(endpoint, failure);
    if (!failure) acceptor_.listen(tcp::acceptor::max_listen_connections, failure);
    if (failure) {
      const bool is_taken = failure == asio::error::address_in_use;
      return unavailable("cannot listen on http address " + text_of(endpoint) + ": " + failure.message() + (is_taken ? "; --http 127.0.0.1:0 takes a free port" : ""));
    }
    bound_ = acceptor_.local_endpoint(failure);
    return {};
  }

  void start() {
    mailbox_->open(io_);
    hub_.on_published([mailbox = mailbox_, this] { mailbox->run([this] { send_news(); }); });
    thread_ = std::thread([this] { run(); });
  }

  void serve(Router router) {
    mailbox_->run([this, router = std::move(router)]() mutable {
      router_ = std::move(router);
      context_->router = &router_;
    });
  }

  void stop() {
    if (!thread_.joinable()) return;
    mailbox_->run([this] { begin_stop(); });
    thread_.join();
    hub_.on_published({});
  }

  tcp::endpoint bound() const { return bound_; }
  const HttpCounters& counters() const { return context_->counters; }
  StreamStats stream_stats() const { return hub_.stats(); }

  void closed(std::uint64_t id) override {
    requests_.erase(id);
    streams_.erase(id);
    update_gauges();
    stop_when_done();
  }

  void becomes_stream(std::uint64_t id, Socket socket, std::unique_ptr<StreamSource> source) override {
    requests_.erase(id);
    const auto stream = open_stream_connection(*context_, id, socket, std::move(source));
    streams_.emplace(id, stream);
    update_gauges();
  }

  void deliver(std::uint64_t id, std::uint64_t request, Response response) override {
    const auto found = requests_.find(id);
    if (found != requests_.end()) hold(found->second)->deliver(request, std::move(response));
  }

  void deliver(std::uint64_t id, std::uint64_t request, std::unique_ptr<StreamSource> source) override {
    const auto found = requests_.find(id);
    if (found != requests_.end()) hold(found->second)->deliver(request, std::move(source));
  }

 private:
  // A connection may remove itself from the table while it works.
  template <class T>
  static std::shared_ptr<T> hold(const std::shared_ptr<T>& connection) {
    return connection;
  }

  template <class Table, class Visit>
  static void for_each(const Table& table, const Visit& visit) {
    std::vector<typename Table::mapped_type> present;
    present.reserve(table.size());
    for (const auto& [id, connection] : table) present.push_back(connection);
    for (const auto& connection : present) visit(*connection);
  }

  void run() {
    mailbox_->settle_on_this_thread();
    accept();
    schedule_tick();
    io_.run();
    mailbox_->close();
    for_each(requests_, [](Connection& connection) { connection.close(); });
    for_each(streams_, [](Connection& connection) { connection.close(); });
  }

  void accept() {
    acceptor_.async_accept([this](error_code failure, tcp::socket socket) {
      if (stopping_) return;
      // Out of file descriptors or memory: the next tick tries again.
      accept_paused_ = static_cast<bool>(failure);
      if (failure) return;
      admit(std::move(socket));
      accept();
    });
  }

  void admit(tcp::socket socket) {
    const auto open = requests_.size() + streams_.size();
    const auto limit = context_->limits.connections;
    if (open >= limit) ++context_->counters.refused;
    if (open >= limit + kRefusedAtOnce) return;
    ++context_->counters.accepted;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const bool is_v6 = bound_.address().is_v6();
    const auto id = ++last_id_;
    const auto connection = open_request_connection(*context_, id, {socket.release(), is_v6},
                                                    open >= limit ? Admission::refused : Admission::admitted);
    requests_.emplace(id, connection);
    update_gauges();
  }

  void schedule_tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](error_code failure) {
      if (failure) return;
      tick();
      schedule_tick();
    });
  }

  void tick() {
    const auto now = context_->clock.monotonic();
    if (accept_paused_ && !stopping_) accept();
    hub_.tick(now);
    send_news();
    for_each(requests_, [now](Connection& connection) { connection.check_time(now); });
    for_each(streams_, [now](Connection& connection) { connection.check_time(now); });
    if (stopping_ && now >= stop_deadline_) io_.stop();
  }

  void send_news() {
    hub_.drain();
    for_each(streams_, [](StreamConnection& stream) { stream.send_news(); });
  }

  void begin_stop() {
    stopping_ = true;
    stop_deadline_ = context_->clock.monotonic() + context_->limits.stop_time;
    error_code ignored;
    acceptor_.close(ignored);
    for_each(requests_, [](Connection& connection) { connection.finish(); });
    for_each(streams_, [](Connection& connection) { connection.finish(); });
    stop_when_done();
  }

  void stop_when_done() {
    if (stopping_ && requests_.empty() && streams_.empty()) io_.stop();
  }

  void update_gauges() {
    context_->counters.open_connections = requests_.size() + streams_.size();
    context_->counters.open_streams = streams_.size();
  }

  const Router first_router_;  // until serve()
  Router router_;
  StreamHub& hub_;
  const std::shared_ptr<Mailbox> mailbox_;
  // Before io_, which destroys the last connections and needs it to the end.
  std::unique_ptr<ConnectionContext> context_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  tcp::endpoint bound_;
  std::unordered_map<std::uint64_t, std::shared_ptr<RequestConnection>> requests_;
  std::unordered_map<std::uint64_t, std::shared_ptr<StreamConnection>> streams_;
  std::uint64_t last_id_ = 0;
  bool accept_paused_ = false;
  bool stopping_ = false;
  Duration stop_deadline_{0};
  std::thread thread_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, Router router, StreamHub& hub,
                                                      const Clock& clock) {
  const auto endpoint = endpoint_of(options);
  if (!endpoint) return endpoint.error();
  auto loop = std::make_unique<Loop>(options, std::move(router), hub, clock);
  if (const auto listening = loop->listen(*endpoint); !listening) return listening.error();
  loop->start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(loop)));
}

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return loop_->bound().port(); }
std::string HttpServer::url() const { return "http://" + text_of(loop_->bound()); }
void HttpServer::serve(Router router) { loop_->serve(std::move(router)); }
void HttpServer::stop() { loop_->stop(); }

std::vector<MetricSample> HttpServer::metrics() const {
  const auto& counters = loop_->counters();
  const auto streams = loop_->stream_stats();
  std::vector<MetricSample> samples = {
      {"doppel_http_connections", "Open connections, streams included.", MetricType::gauge, {},
       static_cast<double>(counters.open_connections)},
      {"doppel_http_streams", "Open event streams.", MetricType::gauge, {}, static_cast<double>(counters.open_streams)},
      {"doppel_http_accepted_total", "Connections accepted.", MetricType::counter, {}, static_cast<double>(counters.accepted)},
      {"doppel_http_refused_total", "Connections beyond the limit.", MetricType::counter, {},
       static_cast<double>(counters.refused)},
      {"doppel_http_handler_failures_total", "Handlers that ended by an exception.", MetricType::counter, {},
       static_cast<double>(counters.handler_exceptions)},
      {"doppel_http_stream_events_total", "Changes that entered the event ring.", MetricType::counter, {},
       static_cast<double>(streams.events)},
      {"doppel_http_stream_dropped_total", "Changes published faster than they were taken.", MetricType::counter, {},
       static_cast<double>(streams.dropped)},
      {"doppel_http_stream_gaps_total", "Gap events sent to clients that fell behind.", MetricType::counter, {},
       static_cast<double>(streams.gaps)}};
  for (const std::size_t digit : {2u, 3u, 4u, 5u}) {
    samples.push_back({"doppel_http_answers_total", "Answers by class of status.", MetricType::counter,
                       {{"status", std::to_string(digit) + "xx"}}, static_cast<double>(counters.answers[digit])});
  }
  return samples;
}

}  // namespace doppel

#include "broker_bridge/uplink/uplink_client.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <zmq.hpp>

#include "broker_bridge/uplink/socket_options.h"
#include "broker_bridge/uplink/wakeup.h"

namespace doppel::uplink {
namespace {

constexpr int kReconnectMs = 100;
constexpr int kReconnectMaxMs = 5'000;
constexpr int kFramesAtOnce = 64;
constexpr auto kMonitor = "inproc://monitor";

}  // namespace

class UplinkClient::Loop : public std::enable_shared_from_this<UplinkClient::Loop> {
 public:
  Loop(ClientOptions options, ClientEvents events, const Clock& clock, Log& log)
      : events_(std::move(events)),
        clock_(clock),
        log_(log),
        options_(std::move(options)),
        edge_(options_.identity, options_.backlog, options_.times),
        socket_(context_, zmq::socket_type::dealer),
        monitor_(context_, zmq::socket_type::pair) {}

  Result<void> start() {
    if (auto ready = wakeup_.ready(); !ready) return ready;
    set_common_options(socket_.handle(), options_.address);
    socket_.set(zmq::sockopt::immediate, true);
    socket_.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
    socket_.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
    if (options_.security) set_curve_client(socket_.handle(), options_.security->own, options_.security->coordinator_key);
    constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    if (zmq_socket_monitor(socket_.handle(), kMonitor, kEvents) != 0) {
      return unavailable(std::string("watching the uplink's socket: ") + zmq_strerror(zmq_errno()));
    }
    try {
      monitor_.connect(kMonitor);
      socket_.connect(options_.address);
    } catch (const zmq::error_t& error) {
      return invalid_input("uplink address " + options_.address + ": " + error.what());
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    return {};
  }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    thread_.request_stop();
    wakeup_.wake();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> put(const OutboxRow& row) {
    std::unique_lock lock(mutex_);
    auto done = edge_.put(clock_.monotonic(), row);
    lock.unlock();
    if (done) wakeup_.wake();
    return done;
  }

  // What the step asks for is done by the thread.
  void step(EdgeInput input) {
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      edge_.step(clock_.monotonic(), std::move(input), pending_);
    }
    wakeup_.wake();
  }

  EdgeCounters counters() const {
    std::lock_guard lock(mutex_);
    return edge_.counters();
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      wait();
      watch_connection();
      receive();
      step_now(edge_input::Tick{});
      perform();
    }
  }

  void wait() {
    Duration next;
    {
      std::lock_guard lock(mutex_);
      next = pending_.empty() ? edge_.next_step(clock_.monotonic()) : Duration(0);
    }
    const auto left = std::max(Duration(0), next - clock_.monotonic());
    zmq_pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0},
                              {monitor_.handle(), 0, ZMQ_POLLIN, 0},
                              {nullptr, wakeup_.descriptor(), ZMQ_POLLIN, 0}};
    zmq_poll(items, std::size(items), std::chrono::ceil<std::chrono::milliseconds>(left).count());  // a signal ends it early
    wakeup_.clear();
  }

  void step_now(EdgeInput input) {
    std::lock_guard lock(mutex_);
    edge_.step(clock_.monotonic(), std::move(input), pending_);
  }

  // The monitor's messages have two parts: event and value, then the address.
  void watch_connection() {
    zmq::message_t event, address;
    while (monitor_.recv(event, zmq::recv_flags::dontwait)) {
      if (event.more()) (void)monitor_.recv(address);
      std::uint16_t kind = 0;
      if (event.size() >= sizeof kind) std::memcpy(&kind, event.data(), sizeof kind);
      if (kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        step_now(edge_input::Connected{});
      } else if (kind == ZMQ_EVENT_DISCONNECTED) {
        step_now(edge_input::Disconnected{});
      } else {
        log_.warning("uplink_handshake_failed",
                     {{"address", options_.address},
                      {"hint", "the key of this edge is not allowed there, or the coordinator has another key"}});
      }
    }
  }

  void receive() {
    zmq::message_t frame;
    for (int i = 0; i < kFramesAtOnce && socket_.recv(frame, zmq::recv_flags::dontwait); ++i) {
      const bool alone = !frame.more();
      while (frame.more()) (void)socket_.recv(frame);
      step_now(edge_input::Received{alone ? frame.to_string_view() : std::string_view()});
    }
  }

  void perform() {
    std::vector<EdgeAction> actions;
    {
      std::lock_guard lock(mutex_);
      actions.swap(pending_);
    }
    bool open = true;
    for (auto& action : actions) {
      if (auto* frame = std::get_if<edge_action::Send>(&action)) {
        open = open && send(frame->bytes);
      } else {
        tell(action);
      }
    }
    if (!open) step_now(edge_input::Disconnected{});
  }

  bool send(const std::string& bytes) {
    return socket_.send(zmq::buffer(bytes), zmq::send_flags::dontwait).has_value();
  }

  void tell(EdgeAction& action) {
    using namespace edge_action;
    if (auto* receipts = std::get_if<Acknowledged>(&action)) {
      events_.acknowledged(receipts->incarnation, receipts->items);
    } else if (const auto* superseded = std::get_if<IncarnationSuperseded>(&action)) {
      events_.incarnation_superseded(superseded->held, superseded->known);
    } else if (const auto* rows = std::get_if<WantRows>(&action)) {
      events_.rows_wanted(rows->which);
    } else if (auto* arrived = std::get_if<DesiredArrived>(&action)) {
      events_.desired(std::move(arrived->desired));
    } else if (auto* blob = std::get_if<BlobArrived>(&action)) {
      events_.blob(blob->sha256, std::move(blob->content));
    } else if (auto* query = std::get_if<QueryArrived>(&action)) {
      events_.query(query->query, answer_to(query->query.id));
    } else if (const auto* note = std::get_if<Note>(&action)) {
      log_.write(note->level, note->event, {{"coordinator", options_.address}, {"detail", note->detail}});
    }
  }

  ClientEvents::Answer answer_to(std::uint64_t id) {
    return [weak = weak_from_this(), id](std::uint32_t status, std::string body) {
      constexpr std::uint32_t kTooLarge = 507;
      const bool fits = body.size() <= kMaxPayload;
      if (const auto loop = weak.lock()) {
        loop->step(edge_input::Answer{{id, fits ? status : kTooLarge, fits ? std::move(body) : std::string()}});
      }
    };
  }

  ClientEvents events_;
  const Clock& clock_;
  Log& log_;
  ClientOptions options_;
  mutable std::mutex mutex_;
  UplinkEdge edge_;                  // guarded by mutex_
  std::vector<EdgeAction> pending_;  // guarded by mutex_
  bool stopped_ = false;             // guarded by mutex_; an answer may come later than the end
  Wakeup wakeup_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
  std::jthread thread_;
};

Result<std::unique_ptr<UplinkClient>> UplinkClient::start(ClientOptions options, ClientEvents events, const Clock& clock,
                                                          Log& log) {
  if (options.security) {
    if (auto checked = check_curve_key(options.security->coordinator_key, "coordinator key"); !checked) return checked.error();
  } else if (auto checked = check_plain_address(options.address); !checked) {
    return checked.error();
  }
  auto loop = std::make_shared<Loop>(std::move(options), std::move(events), clock, log);
  if (auto started = loop->start(); !started) return started.error();
  return std::unique_ptr<UplinkClient>(new UplinkClient(std::move(loop)));
}

UplinkClient::UplinkClient(std::shared_ptr<Loop> loop) : loop_(std::move(loop)) {}

UplinkClient::~UplinkClient() { loop_->stop(); }

Result<void> UplinkClient::put(const OutboxRow& row) { return loop_->put(row); }

void UplinkClient::set_status(Status status) { loop_->step(edge_input::SetStatus{std::move(status)}); }

void UplinkClient::begin_incarnation(const Incarnation& incarnation, std::uint64_t mark) {
  loop_->step(edge_input::BeginIncarnation{incarnation, mark});
}

void UplinkClient::fetch_blob(const std::string& sha256) { loop_->step(edge_input::FetchBlob{sha256}); }

void UplinkClient::forget_blob(const std::string& sha256) { loop_->step(edge_input::ForgetBlob{sha256}); }

EdgeCounters UplinkClient::counters() const { return loop_->counters(); }

}  // namespace doppel::uplink

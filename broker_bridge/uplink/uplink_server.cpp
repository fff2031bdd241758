#include "broker_bridge/uplink/uplink_server.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <zmq.hpp>

#include "broker_bridge/uplink/blob_reader.h"
#include "broker_bridge/uplink/key_guard.h"
#include "broker_bridge/uplink/socket_options.h"
#include "broker_bridge/uplink/wakeup.h"

namespace doppel::uplink {
namespace {

constexpr int kFramesAtOnce = 256;
constexpr auto kZapAddress = "inproc://zeromq.zap.01";
constexpr Duration kSyncLook = std::chrono::milliseconds(10);    // while receipts wait for the journal
constexpr Duration kDesiredLook = std::chrono::milliseconds(500);
constexpr Duration kAppendRetry = std::chrono::milliseconds(100);

std::vector<std::string> receive_parts(zmq::socket_t& socket) {
  std::vector<std::string> parts;
  zmq::message_t part;
  if (!socket.recv(part, zmq::recv_flags::dontwait)) return parts;
  parts.push_back(part.to_string());
  while (part.more() && socket.recv(part)) parts.push_back(part.to_string());
  return parts;
}

}  // namespace

class UplinkServer::Loop : public std::enable_shared_from_this<UplinkServer::Loop> {
 public:
  Loop(ServerOptions options, ServerParts parts, KeyGuard guard)
      : options_(std::move(options)),
        parts_(std::move(parts)),
        guard_(std::move(guard)),
        sessions_(options_.coordinator),
        blobs_(parts_.blobs),
        zap_(context_, zmq::socket_type::rep),
        socket_(context_, zmq::socket_type::router) {}

  Result<void> start() {
    if (auto ready = wakeup_.ready(); !ready) return ready;
    set_common_options(socket_.handle(), options_.address);
    socket_.set(zmq::sockopt::router_mandatory, true);
    try {
      if (options_.security) {
        zap_.bind(kZapAddress);
        set_curve_server(socket_.handle(), options_.security->own);
      }
      socket_.bind(options_.address);
      address_ = socket_.get(zmq::sockopt::last_endpoint);
    } catch (const zmq::error_t& error) {
      const auto reason = "uplink address " + options_.address + ": " + error.what();
      return error.num() == EADDRINUSE ? unavailable(reason) : invalid_input(reason);
    }
    generation_ = parts_.directory.generation();
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

  const std::string& address() const { return address_; }

  std::vector<LinkState> links() const {
    std::lock_guard lock(mutex_);
    return sessions_.links();
  }

  std::uint64_t bad_frames() const {
    std::lock_guard lock(mutex_);
    return sessions_.bad_frames();
  }

  void query(const EdgeId& edge, std::string path, std::string body, Answer answer) {
    std::unique_lock lock(mutex_);
    const auto id = ++queries_;
    answers_[id] = std::move(answer);
    lock.unlock();
    step(coordinator_input::Ask{id, edge, std::move(path), std::move(body)});
  }

  // What the step asks for is done by the thread.
  void step(CoordinatorInput input) {
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      sessions_.step(parts_.clock.monotonic(), std::move(input), pending_);
    }
    wakeup_.wake();
  }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      wait();
      answer_zap();
      receive();
      look_at_journal();
      look_at_desired();
      step_now(coordinator_input::Tick{});
      perform();
    }
  }

  void wait() {
    Duration next;
    const auto now = parts_.clock.monotonic();
    {
      std::lock_guard lock(mutex_);
      next = pending_.empty() ? std::min(sessions_.next_step(now), desired_look_) : Duration(0);
    }
    if (unsynced_ != Position::none) next = std::min(next, now + kSyncLook);
    const auto left = std::max(Duration(0), next - now);
    zmq_pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0},
                              {zap_.handle(), 0, ZMQ_POLLIN, 0},
                              {nullptr, wakeup_.descriptor(), ZMQ_POLLIN, 0}};
    zmq_poll(items, std::size(items), std::chrono::ceil<std::chrono::milliseconds>(left).count());  // a signal ends it early
    wakeup_.clear();
  }

  void step_now(CoordinatorInput input) {
    std::lock_guard lock(mutex_);
    sessions_.step(parts_.clock.monotonic(), std::move(input), pending_);
  }

  void answer_zap() {
    if (!options_.security) return;
    for (auto request = receive_parts(zap_); !request.empty(); request = receive_parts(zap_)) {
      const auto reply = guard_.answer(request, parts_.log);
      for (std::size_t i = 0; i < reply.size(); ++i) {
        (void)zap_.send(zmq::buffer(reply[i]), i + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
      }
    }
  }

  // A message is the peer's identity and one frame; one of another form has no frame.
  void receive() {
    zmq::message_t peer, frame;
    for (int i = 0; i < kFramesAtOnce && socket_.recv(peer, zmq::recv_flags::dontwait); ++i) {
      std::size_t parts = 0;
      std::optional<std::string> user;
      for (bool more = peer.more(); more; more = frame.more()) {
        if (!socket_.recv(frame)) break;
        ++parts;
      }
      if (options_.security) user = user_of(frame);
      step_now(coordinator_input::Received{peer.to_string_view(), user, parts == 1 ? frame.to_string_view() : std::string_view()});
      perform();
    }
  }

  static std::string user_of(zmq::message_t& frame) {
    const char* user = zmq_msg_gets(frame.handle(), "User-Id");
    return user == nullptr ? std::string() : user;
  }

  void look_at_journal() {
    if (unsynced_ == Position::none) return;
    const auto synced = parts_.journal.last_synced();
    if (synced >= unsynced_) unsynced_ = Position::none;
    step_now(coordinator_input::Synced{synced});
  }

  void look_at_desired() {
    const auto now = parts_.clock.monotonic();
    if (now < desired_look_) return;
    desired_look_ = now + kDesiredLook;
    blobs_.tidy(now);
    const auto generation = parts_.directory.generation();
    if (std::exchange(generation_, generation) != generation) step_now(coordinator_input::RefreshDesired{});
  }

  void perform() {
    for (std::vector<CoordinatorAction> actions; take(actions); actions.clear()) {
      for (auto& action : actions) {
        std::visit([this](auto& each) { perform(each); }, action);
      }
    }
  }

  bool take(std::vector<CoordinatorAction>& actions) {
    std::lock_guard lock(mutex_);
    actions.swap(pending_);
    return !actions.empty();
  }

  // A peer that is gone is told to the sessions; for one that reads too slowly the frame is dropped, and its next heartbeat or a
  // new session brings what was in it.
  void perform(coordinator_action::Send& action) {
    try {
      const auto sent = socket_.send(zmq::buffer(action.peer), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
      if (sent) (void)socket_.send(zmq::buffer(action.bytes), zmq::send_flags::dontwait);
    } catch (const zmq::error_t& error) {
      if (error.num() == EHOSTUNREACH) step_now(coordinator_input::PeerLost{action.peer});
    }
  }

  void perform(coordinator_action::Append& action) {
    const NewRecord record{.kind = RecordKind::uplink, .topic = action.edge.text(), .payload = action.bytes};
    auto position = parts_.journal.append(record);
    const auto until = parts_.clock.monotonic() + options_.journal_patience;
    while (!position && position.error().code == ErrorCode::limit_exceeded && parts_.clock.monotonic() < until && !failed_) {
      std::this_thread::sleep_for(kAppendRetry);
      position = parts_.journal.append(record);
    }
    if (!position) {
      if (!std::exchange(failed_, true)) parts_.fail_stop(position.error());
      return step_now(coordinator_input::Refused{action.ticket});
    }
    step_now(coordinator_input::Journaled{action.ticket, *position});
    unsynced_ = *position;
    look_at_journal();
  }

  void perform(coordinator_action::LookUp& action) {
    auto answer = [weak = weak_from_this(), peer = action.peer, session = action.session](std::optional<Standing> standing) {
      if (const auto loop = weak.lock()) loop->step(coordinator_input::LookedUp{peer, session, std::move(standing)});
    };
    parts_.directory.look_up(action.hello, action.position, std::move(answer));
  }

  void perform(coordinator_action::ReadBlob& action) {
    auto part = blobs_.read(parts_.clock.monotonic(), action.wanted);
    coordinator_action::Send reply{action.peer, encode({action.session, std::move(part)})};
    perform(reply);
  }

  void perform(coordinator_action::Answered& action) { answer_query(action.result.id, std::move(action.result)); }

  void perform(coordinator_action::Unanswered& action) { answer_query(action.id, unavailable(action.reason)); }

  void answer_query(std::uint64_t id, Result<QueryResult> result) {
    std::unique_lock lock(mutex_);
    auto taken = answers_.extract(id);
    lock.unlock();
    if (!taken.empty()) taken.mapped()(std::move(result));
  }

  void perform(coordinator_action::Note& action) {
    parts_.log.write(action.level, action.event, {{"edge", action.edge.text()}, {"detail", action.detail}});
  }

  const ServerOptions options_;
  ServerParts parts_;
  const KeyGuard guard_;
  mutable std::mutex mutex_;
  UplinkCoordinator sessions_;              // guarded by mutex_
  std::vector<CoordinatorAction> pending_;  // guarded by mutex_
  std::map<std::uint64_t, Answer> answers_; // guarded by mutex_
  std::uint64_t queries_ = 0;               // guarded by mutex_
  bool stopped_ = false;                    // guarded by mutex_; a look-up may be answered later than the end
  Position unsynced_ = Position::none;      // the last append whose sync has not been seen
  Duration desired_look_{0};
  std::uint64_t generation_ = 0;
  bool failed_ = false;
  BlobReader blobs_;
  std::string address_;
  Wakeup wakeup_;
  zmq::context_t context_;
  zmq::socket_t zap_;
  zmq::socket_t socket_;
  std::jthread thread_;
};

Result<std::unique_ptr<UplinkServer>> UplinkServer::start(ServerOptions options, ServerParts parts) {
  if (!options.security) {
    if (auto checked = check_plain_address(options.address); !checked) return checked.error();
  }
  auto guard = KeyGuard::make(options.security ? options.security->allowed : std::vector<AllowedKey>{});
  if (!guard) return guard.error();
  auto loop = std::make_shared<Loop>(std::move(options), std::move(parts), std::move(*guard));
  if (auto started = loop->start(); !started) return started.error();
  return std::unique_ptr<UplinkServer>(new UplinkServer(std::move(loop)));
}

UplinkServer::UplinkServer(std::shared_ptr<Loop> loop) : loop_(std::move(loop)) {}

UplinkServer::~UplinkServer() { stop(); }

void UplinkServer::stop() { loop_->stop(); }

std::string UplinkServer::address() const { return loop_->address(); }

std::vector<LinkState> UplinkServer::links() const { return loop_->links(); }

std::uint64_t UplinkServer::bad_frames() const { return loop_->bad_frames(); }

void UplinkServer::query(const EdgeId& edge, std::string path, std::string body, Answer answer) {
  loop_->query(edge, std::move(path), std::move(body), std::move(answer));
}

void UplinkServer::ask_everything(const EdgeId& edge) { loop_->step(coordinator_input::AskEverything{edge}); }

}  // namespace doppel::uplink

#include "broker_bridge/uplink/uplink_coordinator.h"

#include <algorithm>
#include <utility>

namespace doppel::uplink {
namespace {

constexpr Duration kExpireEvery = std::chrono::seconds(1);
constexpr std::uint64_t kMaxStatusUnderWay = 4;

}  // namespace

void UplinkCoordinator::step(Duration now, CoordinatorInput input, std::vector<CoordinatorAction>& actions) {
  now_ = now;
  actions_ = &actions;
  std::visit([this](auto& each) { handle(each); }, input);
  look_up_again();
  expire();
  actions_ = nullptr;
}

Duration UplinkCoordinator::next_step(Duration now) const {
  auto next = now < expire_at_ ? expire_at_ : now;
  for (const auto& [peer, at] : look_up_at_) next = std::min(next, at);
  return next;
}

std::vector<LinkState> UplinkCoordinator::links() const {
  auto states = gone_;
  for (const auto& [peer, session] : sessions_) states[{session.hello.edge, session.hello.lane}] = session.link;
  std::vector<LinkState> links;
  links.reserve(states.size());
  for (auto& [lane, state] : states) links.push_back(std::move(state));
  return links;
}

void UplinkCoordinator::handle(coordinator_input::Received& input) {
  auto frame = decode(input.bytes);
  if (!frame) {
    ++bad_frames_;
    const auto at = sessions_.find(input.peer);
    return note(LogLevel::warning, "uplink_bad_frame", at == sessions_.end() ? EdgeId() : at->second.hello.edge,
                frame.error().message);
  }
  const Incoming in{input.peer, input.user, input.bytes, frame->session};
  if (auto* hello = std::get_if<Hello>(&frame->body)) return begin_session(in, *hello);
  const auto at = sessions_.find(in.peer);
  if (at == sessions_.end() || in.session > at->second.number) {
    return refuse(in, RefuseCode::no_session, "say HELLO first");
  }
  if (in.session < at->second.number) return;
  at->second.link.heard = now_;
  std::visit([&](auto& message) { receive(at->second, in, message); }, frame->body);
}

void UplinkCoordinator::handle(coordinator_input::Journaled& input) {
  auto taken = pending_.extract(input.ticket);
  if (taken.empty()) return;
  auto& pending = taken.mapped();
  if (pending.kind != Pending::Kind::hello) {
    unsynced_.push_back({input.position, std::move(pending)});
    return release(synced_);
  }
  auto* session = find(pending.peer, pending.session);
  if (session == nullptr) return;
  session->stage = Session::Stage::looking_up;
  session->hello_position = input.position;
  look_up(pending.peer, *session);
}

void UplinkCoordinator::handle(coordinator_input::Refused& input) {
  const auto taken = pending_.extract(input.ticket);
  if (taken.empty() || find(taken.mapped().peer, taken.mapped().session) == nullptr) return;
  end_session(sessions_.find(taken.mapped().peer), "the journal took no record");
}

void UplinkCoordinator::handle(coordinator_input::Synced& input) {
  synced_ = std::max(synced_, input.position);
  release(synced_);
}

void UplinkCoordinator::handle(coordinator_input::PeerLost& input) {
  const auto at = sessions_.find(input.peer);
  if (at != sessions_.end()) end_session(at, "the connection is closed");
}

void UplinkCoordinator::handle(coordinator_input::LookedUp& input) {
  auto* session = find(input.peer, input.session);
  if (session == nullptr) return;
  if (!input.standing) {
    look_up_at_[input.peer] = now_ + options_.look_up_retry;
    return;
  }
  if (!input.standing->refused.empty()) {
    refuse({input.peer, std::nullopt, {}, input.session}, RefuseCode::limit, input.standing->refused);
    return end_session(sessions_.find(input.peer), "refused");
  }
  if (session->stage == Session::Stage::looking_up) return welcome(input.peer, *session, *input.standing);
  if (session->desired.functions == input.standing->desired.functions) return;
  session->desired = std::move(input.standing->desired);
  send_desired(input.peer, *session);
}

void UplinkCoordinator::handle(coordinator_input::RefreshDesired&) {
  for (const auto& [peer, session] : sessions_) {
    if (session.stage != Session::Stage::journaling) look_up(peer, session);
  }
}

void UplinkCoordinator::handle(coordinator_input::Ask& input) {
  const auto* peer = open_peer_of(input.edge);
  const auto refuse_it = [&](std::string why) { act(coordinator_action::Unanswered{input.id, std::move(why)}); };
  if (peer == nullptr) return refuse_it("edge " + input.edge.text() + " is not connected");
  if (queries_.size() >= options_.max_queries) return refuse_it(std::to_string(queries_.size()) + " queries are under way, the limit");
  if (input.path.size() > kMaxText || input.body.size() > kMaxPayload) return refuse_it("the query is longer than a frame may be");
  queries_.add(input.id, input.edge, now_ + options_.query_timeout);
  send(*peer, sessions_.find(*peer)->second.number, Query{input.id, std::move(input.path), std::move(input.body)});
}

void UplinkCoordinator::handle(coordinator_input::AskEverything& input) {
  const auto* peer = open_peer_of(input.edge);
  if (peer != nullptr) send(*peer, sessions_.find(*peer)->second.number, AskAll{});
}

// The last HELLO under a name wins: a connection that came back cannot be told from a second one.
void UplinkCoordinator::begin_session(const Incoming& in, Hello& hello) {
  if (in.user && *in.user != hello.edge.text()) {
    const auto owner = std::string(*in.user);
    return refuse(in, RefuseCode::not_allowed, "the key belongs to edge " + owner + ", not to " + hello.edge.text());
  }
  if (const auto at = sessions_.find(in.peer); at != sessions_.end()) {
    auto& session = at->second;
    if (in.session < session.number) return;
    if (in.session == session.number) {
      if (session.stage != Session::Stage::open) return;
      send(in.peer, session.number, session.welcome);
      return send_desired(at->first, session);
    }
    end_session(at, "");
  }
  const Lane lane{hello.edge, hello.lane};
  if (const auto other = peers_.find(lane); other != peers_.end()) {
    const auto at = sessions_.find(other->second);
    const bool stranger = at->second.hello.incarnation != hello.incarnation;
    send(at->first, at->second.number,
         Refuse{RefuseCode::replaced, "another connection says that it is edge " + hello.edge.text()});
    note(stranger ? LogLevel::warning : LogLevel::info, "edge_connection_replaced", hello.edge,
         stranger ? "another incarnation under the same name" : "");
    end_session(at, "");
  }
  if (sessions_.size() >= options_.max_sessions) {
    return refuse(in, RefuseCode::limit, std::to_string(sessions_.size()) + " edges are connected, the limit");
  }
  Session session;
  session.number = in.session;
  session.link = {hello.edge, hello.lane, hello.incarnation, false, now_, 0, Duration(0)};
  session.hello = std::move(hello);
  peers_[lane] = in.peer;
  const auto at = sessions_.emplace(in.peer, std::move(session)).first;
  append(in, at->second.hello.edge, {std::string(in.peer), in.session, Pending::Kind::hello, 0, {}});
}

void UplinkCoordinator::receive(Session& session, const Incoming& in, Rows& message) {
  const auto& hello = session.hello;
  if (session.stage != Session::Stage::open || session.under_way >= options_.window || message.sequence > allowed(session)) {
    ++bad_frames_;
    return note(LogLevel::warning, "uplink_without_credit", hello.edge,
                "ROWS " + std::to_string(message.sequence) + ", allowed " + std::to_string(allowed(session)));
  }
  if (message.incarnation != hello.incarnation || message.lane != hello.lane) {
    ++bad_frames_;
    return note(LogLevel::warning, "uplink_bad_frame", hello.edge, "ROWS of another incarnation or lane than HELLO named");
  }
  Pending pending{std::string(in.peer), in.session, Pending::Kind::rows, message.sequence, {message.incarnation, {}}};
  for (auto& row : message.rows) pending.receipt.items.push_back({std::move(row.key), row.revision});
  ++session.under_way;
  append(in, hello.edge, std::move(pending));
}

void UplinkCoordinator::receive(Session& session, const Incoming& in, Heartbeat& message) {
  session.link.backlog_rows = message.backlog_rows;
  session.link.oldest_age = std::chrono::milliseconds(std::min<std::uint64_t>(message.oldest_age_ms, UINT32_MAX));
  if (session.stage != Session::Stage::open) return;
  send(in.peer, session.number, Heartbeat{0, 0, allowed(session), 0});
  if (message.generation != session.desired.generation) send_desired(std::string(in.peer), session);
}

void UplinkCoordinator::receive(Session& session, const Incoming& in, Status&) {
  if (session.stage != Session::Stage::open || session.under_way >= options_.window + kMaxStatusUnderWay) return;
  ++session.under_way;
  append(in, session.hello.edge, {std::string(in.peer), in.session, Pending::Kind::status, 0, {}});
}

void UplinkCoordinator::receive(Session& session, const Incoming& in, BlobGet& message) {
  if (session.stage == Session::Stage::open) {
    act(coordinator_action::ReadBlob{std::string(in.peer), session.number, std::move(message)});
  }
}

void UplinkCoordinator::receive(Session& session, const Incoming&, QueryResult& message) {
  if (queries_.close(message.id, session.hello.edge)) act(coordinator_action::Answered{std::move(message)});
}

template <class Other>
void UplinkCoordinator::receive(Session& session, const Incoming&, Other& message) {
  ++bad_frames_;
  note(LogLevel::warning, "uplink_unexpected_message", session.hello.edge,
       std::string(name_of(Body(std::move(message)))) + " is not for a coordinator");
}

void UplinkCoordinator::append(const Incoming& in, const EdgeId& edge, Pending pending) {
  const auto ticket = ++tickets_;
  pending_[ticket] = std::move(pending);
  act(coordinator_action::Append{ticket, edge, std::string(in.bytes)});
}

// Receipts and fresh credit for what is durable now.
void UplinkCoordinator::release(Position synced) {
  std::map<std::string, Session*> credited;
  for (; !unsynced_.empty() && unsynced_.front().position <= synced; unsynced_.pop_front()) {
    auto& pending = unsynced_.front().pending;
    auto* session = find(pending.peer, pending.session);
    if (session == nullptr) continue;
    --session->under_way;
    if (pending.kind != Pending::Kind::rows) continue;
    session->highest_sequence = std::max(session->highest_sequence, pending.sequence);
    send(pending.peer, session->number, std::move(pending.receipt));
    credited[pending.peer] = session;
  }
  for (const auto& [peer, session] : credited) send(peer, session->number, Credit{allowed(*session)});
}

void UplinkCoordinator::look_up(const std::string& peer, const Session& session) {
  act(coordinator_action::LookUp{peer, session.number, session.hello, session.hello_position});
}

void UplinkCoordinator::welcome(const std::string& peer, Session& session, const Standing& standing) {
  session.stage = Session::Stage::open;
  session.link.connected = true;
  session.welcome = {standing.held, allowed(session), standing.ask_all, options_.program};
  session.desired = standing.desired;
  gone_.erase({session.hello.edge, session.hello.lane});
  note(LogLevel::info, "edge_connected", session.hello.edge, session.hello.program);
  send(peer, session.number, session.welcome);
  send_desired(peer, session);
}

void UplinkCoordinator::look_up_again() {
  for (auto at = look_up_at_.begin(); at != look_up_at_.end();) {
    if (now_ < at->second) {
      ++at;
      continue;
    }
    if (const auto session = sessions_.find(at->first); session != sessions_.end()) look_up(session->first, session->second);
    at = look_up_at_.erase(at);
  }
}

void UplinkCoordinator::send_desired(const std::string& peer, Session& session) { send(peer, session.number, session.desired); }

void UplinkCoordinator::end_session(Sessions::iterator at, std::string_view why) {
  auto link = at->second.link;
  if (!why.empty() && link.connected) note(LogLevel::warning, "edge_disconnected", link.edge, std::string(why));
  link.connected = false;
  peers_.erase({link.edge, link.lane});
  gone_[{link.edge, link.lane}] = link;
  if (gone_.size() > options_.max_sessions) {
    gone_.erase(std::min_element(gone_.begin(), gone_.end(),
                                 [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; }));
  }
  for (const auto id : queries_.take_all_of(link.edge)) {
    act(coordinator_action::Unanswered{id, "edge " + link.edge.text() + " is not connected any more"});
  }
  sessions_.erase(at);
}

void UplinkCoordinator::expire() {
  if (now_ < expire_at_) return;
  expire_at_ = now_ + kExpireEvery;
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto next = std::next(at);
    if (now_ - at->second.link.heard >= options_.silence) end_session(at, "nothing heard from it");
    at = next;
  }
  for (const auto id : queries_.take_overdue(now_)) act(coordinator_action::Unanswered{id, "the edge did not answer in time"});
}

UplinkCoordinator::Session* UplinkCoordinator::find(std::string_view peer, std::uint64_t number) {
  const auto at = sessions_.find(peer);
  return at != sessions_.end() && at->second.number == number ? &at->second : nullptr;
}

const std::string* UplinkCoordinator::open_peer_of(const EdgeId& edge) const {
  const auto at = peers_.lower_bound({edge, 0});
  if (at == peers_.end() || at->first.edge != edge) return nullptr;
  return sessions_.find(at->second)->second.stage == Session::Stage::open ? &at->second : nullptr;
}

void UplinkCoordinator::send(std::string_view peer, std::uint64_t session, Body body) {
  act(coordinator_action::Send{std::string(peer), encode({session, std::move(body)})});
}

void UplinkCoordinator::refuse(const Incoming& in, RefuseCode code, std::string reason) {
  if (code != RefuseCode::no_session) note(LogLevel::warning, "uplink_refused", EdgeId(), reason);
  send(in.peer, in.session, Refuse{code, std::move(reason)});
}

void UplinkCoordinator::note(LogLevel level, std::string_view event, const EdgeId& edge, std::string detail) {
  act(coordinator_action::Note{level, event, edge, std::move(detail)});
}

}  // namespace doppel::uplink

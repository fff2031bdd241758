#include "broker_bridge/uplink/uplink_edge.h"

#include <algorithm>
#include <utility>

#include "twin_store/model/hash.h"
#include "twin_store/model/window.h"

namespace doppel::uplink {
namespace {

constexpr std::size_t kRowsBytes = 64u << 10;     // of one ROWS, about
constexpr std::uint64_t kWindowsEvery = 4;        // of the ROWS frames, one begins with windows
constexpr Duration kAfterReplaced = std::chrono::seconds(30);
constexpr Duration kAfterRefusal = std::chrono::seconds(60);

bool is_uplink_key(std::string_view key) {
  if (key.empty()) return false;
  const char kind = key.front();
  return kind == kWindowRowKey || kind == kTwinValuesKey || kind == kAlertKey || kind == kEdgeStatusKey;
}

std::uint64_t milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration / std::chrono::milliseconds(1)));
}

}  // namespace

UplinkEdge::UplinkEdge(EdgeIdentity identity, BacklogLimits limits, EdgeTimes times)
    : identity_(std::move(identity)),
      times_(times),
      backlog_(limits),
      greet_retry_(times.hello_retry),
      sent_revision_(identity_.recovered_mark),
      acknowledged_(identity_.acknowledged) {}

Result<void> UplinkEdge::put(Duration now, const OutboxRow& row) {
  if (!is_uplink_key(row.target)) return invalid_input("an uplink key does not begin with one of w, t, a, s");
  if (row.target.size() > kMaxKey) {
    return limit_exceeded("an uplink key has " + std::to_string(row.target.size()) + " bytes, the limit is " +
                          std::to_string(kMaxKey));
  }
  if (row.payload.size() > kMaxPayload) {
    return limit_exceeded("an uplink row has " + std::to_string(row.payload.size()) + " bytes, the limit is " +
                          std::to_string(kMaxPayload));
  }
  if (row.key.incarnation == identity_.incarnation) backlog_.put(now, row.target, row.revision, row.payload);
  return {};
}

void UplinkEdge::step(Duration now, EdgeInput input, std::vector<EdgeAction>& actions) {
  now_ = now;
  actions_ = &actions;
  std::visit([this](auto& each) { handle(each); }, input);
  if (link_ == Link::greeting) greet();
  if (link_ == Link::open) {
    watch();
    send_rows();
    send_the_rest();
  }
  actions_ = nullptr;
}

Duration UplinkEdge::next_step(Duration now) const {
  if (link_ == Link::superseded) return now + times_.heartbeat;
  if (link_ == Link::greeting) return greet_at_;
  auto next = std::min(beat_at_, heard_ + times_.silence);
  if (const auto sent = backlog_.oldest_in_flight()) next = std::min(next, *sent + times_.receipt_timeout);
  if (status_waits_) next = std::min(next, status_at_);
  return next;
}

EdgeCounters UplinkEdge::counters() const {
  return {link_ == Link::open, backlog_.rows(), backlog_.bytes(), backlog_.dropped(), session_, bad_frames_, acknowledged_};
}

void UplinkEdge::handle(edge_input::Received& input) {
  auto frame = decode(input.bytes);
  if (!frame) {
    ++bad_frames_;
    return note(LogLevel::warning, "uplink_bad_frame", frame.error().message);
  }
  if (frame->session != session_) return;
  heard_ = now_;
  std::visit([this](auto& message) { receive(message); }, frame->body);
}

void UplinkEdge::handle(edge_input::Connected&) {
  if (link_ == Link::greeting) greet_at_ = now_;
}

void UplinkEdge::handle(edge_input::Disconnected&) {
  if (link_ == Link::open) note(LogLevel::warning, "uplink_closed", "the connection is gone");
  greet_at(now_ + times_.hello_retry);
}

void UplinkEdge::handle(edge_input::SetStatus& input) {
  if (status_ == input.status) return;
  status_ = std::move(input.status);
  status_waits_ = true;
}

void UplinkEdge::handle(edge_input::BeginIncarnation& input) {
  identity_.incarnation = input.incarnation;
  sent_revision_ = input.mark;
  superseded_ = false;
  backlog_.clear();
  want_all();
  greet_at(now_);
}

void UplinkEdge::handle(edge_input::FetchBlob& input) { blobs_.want(input.sha256); }

void UplinkEdge::handle(edge_input::ForgetBlob& input) { blobs_.forget(input.sha256); }

void UplinkEdge::handle(edge_input::Answer& input) {
  if (link_ == Link::open) send(std::move(input.result));
}

void UplinkEdge::receive(Welcome& message) {
  if (link_ != Link::greeting || !greeted_) return;
  if (message.held > sent_revision_) {
    link_ = Link::superseded;
    if (std::exchange(superseded_, true)) return;
    note(LogLevel::warning, "incarnation_superseded",
         "the coordinator holds revision " + std::to_string(message.held) + ", this edge knows of none above " +
             std::to_string(sent_revision_));
    return act(edge_action::IncarnationSuperseded{message.held, sent_revision_});
  }
  link_ = Link::open;
  sequence_ = 0;
  allowed_ = message.allowed;
  greet_retry_ = times_.hello_retry;
  beat_at_ = now_ + times_.heartbeat;
  status_waits_ = status_.has_value();
  status_at_ = now_;
  blobs_.restart();
  note(LogLevel::info, "uplink_open", "coordinator " + message.program);
  if (message.ask_all) want_all();
}

void UplinkEdge::receive(Refuse& message) {
  if (message.code == RefuseCode::no_session) return greet_at(now_ + times_.hello_retry);
  note(LogLevel::error, "uplink_refused", message.reason);
  greet_at(now_ + (message.code == RefuseCode::replaced ? kAfterReplaced : kAfterRefusal));
}

void UplinkEdge::receive(Receipt& message) {
  if (link_ != Link::open || message.incarnation != identity_.incarnation) return;
  for (const auto& item : message.items) {
    backlog_.acknowledge(item.key, item.revision);
    acknowledged_ = std::max(acknowledged_, item.revision);
  }
  act(edge_action::Acknowledged{message.incarnation, std::move(message.items)});
  if (backlog_.dropped() == refilled_ || backlog_.rows() > backlog_.limits().rows / 2 ||
      backlog_.bytes() > backlog_.limits().bytes / 2) {
    return;
  }
  refilled_ = backlog_.dropped();
  act(edge_action::WantRows{RowsWanted::unacknowledged});
}

void UplinkEdge::receive(Credit& message) { allowed_ = std::max(allowed_, message.allowed); }

void UplinkEdge::receive(Heartbeat& message) { allowed_ = std::max(allowed_, message.allowed); }

void UplinkEdge::receive(Desired& message) {
  if (link_ != Link::open || message.generation < generation_) return;
  generation_ = message.generation;
  act(edge_action::DesiredArrived{std::move(message)});
}

void UplinkEdge::receive(Blob& message) {
  auto done = blobs_.receive(message);
  if (done) act(edge_action::BlobArrived{std::move(done->sha256), std::move(done->content)});
}

void UplinkEdge::receive(Query& message) { act(edge_action::QueryArrived{std::move(message)}); }

void UplinkEdge::receive(AskAll&) {
  if (link_ == Link::open) want_all();
}

template <class Other>
void UplinkEdge::receive(Other& message) {
  ++bad_frames_;
  note(LogLevel::warning, "uplink_unexpected_message", std::string(name_of(Body(std::move(message)))) + " is not for an edge");
}

void UplinkEdge::greet_at(Duration when) {
  ++session_;
  link_ = Link::greeting;
  greeted_ = false;
  greet_at_ = when;
  generation_ = 0;
  backlog_.recall();
}

// After a restart of the coordinator every edge greets it. The retries of different edges drift apart by their names.
void UplinkEdge::greet() {
  if (now_ < greet_at_) return;
  greeted_ = true;
  const auto jitter = hash64(identity_.edge.text(), mix64(session_, static_cast<std::uint64_t>(now_.count()))) % 256;
  greet_at_ = now_ + greet_retry_ + greet_retry_ / 512 * static_cast<std::int64_t>(jitter);
  greet_retry_ = std::min(greet_retry_ * 2, times_.hello_retry_max);
  send(Hello{identity_.edge, identity_.region, identity_.program, identity_.lane, identity_.incarnation, acknowledged_});
}

// Whatever was lost, a frame, a receipt or the coordinator's memory, a new session mends it.
void UplinkEdge::watch() {
  const auto sent = backlog_.oldest_in_flight();
  const bool silent = now_ - heard_ >= times_.silence;
  const bool unanswered = sent && now_ - *sent >= times_.receipt_timeout;
  if (!silent && !unanswered) return;
  note(LogLevel::warning, "uplink_closed", silent ? "nothing heard from the coordinator" : "no receipt for rows");
  greet_at(now_);
  greet();
}

void UplinkEdge::send_rows() {
  while (link_ == Link::open && sequence_ < allowed_ && backlog_.has_waiting()) {
    ++sequence_;
    const auto order = sequence_ % kWindowsEvery == 0 ? Backlog::Order::windows_first : Backlog::Order::live_first;
    Rows rows{sequence_, identity_.lane, identity_.incarnation, backlog_.take(now_, sequence_, kRowsBytes, order)};
    for (const auto& row : rows.rows) sent_revision_ = std::max(sent_revision_, row.revision);
    send(std::move(rows));
  }
}

void UplinkEdge::send_the_rest() {
  if (link_ != Link::open) return;
  if (const auto request = blobs_.next_request(now_)) send(*request);
  if (status_waits_ && now_ >= status_at_) {
    status_waits_ = false;
    status_at_ = now_ + times_.status_interval;
    send(*status_);
  }
  if (now_ >= beat_at_) {
    beat_at_ = now_ + times_.heartbeat;
    send(Heartbeat{backlog_.rows(), milliseconds(now_ - backlog_.oldest().value_or(now_)), 0, generation_});
  }
}

void UplinkEdge::want_all() {
  acknowledged_ = 0;
  act(edge_action::WantRows{RowsWanted::all});
}

void UplinkEdge::send(Body body) { act(edge_action::Send{encode({session_, std::move(body)})}); }

void UplinkEdge::note(LogLevel level, std::string_view event, std::string detail) {
  act(edge_action::Note{level, event, std::move(detail)});
}

}  // namespace doppel::uplink

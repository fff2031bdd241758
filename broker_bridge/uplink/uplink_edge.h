// The edge's end of the uplink: logic only. Messages and time go in, actions come out; UplinkClient is the thread and the
// socket around it.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker_bridge/uplink/backlog.h"
#include "broker_bridge/uplink/blob_fetch.h"
#include "broker_bridge/uplink/messages.h"
#include "twin_store/model/log.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

// Who speaks, and what it knows when it begins to.
struct EdgeIdentity {
  EdgeId edge;
  std::string region;
  std::string program;
  std::uint32_t lane = 0;
  Incarnation incarnation;
  std::uint64_t recovered_mark = 0;  // position of the last mark of the recovered journal
  std::uint64_t acknowledged = 0;    // highest revision with a receipt, from the delivery log; 0 if unknown
};

struct EdgeTimes {
  Duration heartbeat = std::chrono::seconds(5);
  Duration silence = std::chrono::seconds(15);          // of the coordinator: the session is over
  Duration receipt_timeout = std::chrono::seconds(15);  // rows or receipts were lost: the session is over
  Duration status_interval = std::chrono::seconds(5);   // at most one STATUS in
  Duration hello_retry = std::chrono::seconds(1);       // doubled up to
  Duration hello_retry_max = std::chrono::seconds(30);
};

// Which rows the shell is to put again.
enum class RowsWanted : std::uint8_t {
  unacknowledged,  // those without a receipt in the delivery log: the backlog had dropped some and has room again
  all,             // everything retained; earlier receipts are to be forgotten first
};

namespace edge_input {
struct Tick {};
struct Received { std::string_view bytes; };  // borrowed for the call
struct Connected {};     // the socket has a connection: there is somebody to greet
struct Disconnected {};  // it has none, or took no frame
struct SetStatus { Status status; };
struct BeginIncarnation { Incarnation incarnation; std::uint64_t mark = 0; };
struct FetchBlob { std::string sha256; };
struct ForgetBlob { std::string sha256; };
struct Answer { QueryResult result; };
}  // namespace edge_input
using EdgeInput = std::variant<edge_input::Tick, edge_input::Received, edge_input::Connected, edge_input::Disconnected,
                               edge_input::SetStatus, edge_input::BeginIncarnation, edge_input::FetchBlob, edge_input::ForgetBlob,
                               edge_input::Answer>;

namespace edge_action {
struct Send { std::string bytes; };
struct Acknowledged { Incarnation incarnation; std::vector<ReceiptItem> items; };  // for the delivery log
// The coordinator knows more of this incarnation than this edge does: its state is an older copy. No row leaves until
// BeginIncarnation comes in.
struct IncarnationSuperseded { std::uint64_t held = 0; std::uint64_t known = 0; };
struct WantRows { RowsWanted which = RowsWanted::all; };
struct DesiredArrived { Desired desired; };  // the newest: it takes the place of every earlier one
struct BlobArrived { std::string sha256; Result<std::string> content; };
struct QueryArrived { Query query; };
struct Note { LogLevel level = LogLevel::info; std::string_view event; std::string detail; };
}  // namespace edge_action
using EdgeAction = std::variant<edge_action::Send, edge_action::Acknowledged, edge_action::IncarnationSuperseded,
                                edge_action::WantRows, edge_action::DesiredArrived, edge_action::BlobArrived,
                                edge_action::QueryArrived, edge_action::Note>;

struct EdgeCounters {
  bool connected = false;
  std::size_t backlog_rows = 0;
  std::size_t backlog_bytes = 0;
  std::uint64_t dropped_rows = 0;
  std::uint64_t sessions = 0;
  std::uint64_t bad_frames = 0;
  std::uint64_t acknowledged = 0;  // highest revision
};

class UplinkEdge {
 public:
  UplinkEdge(EdgeIdentity identity, BacklogLimits limits, EdgeTimes times = {});

  // A replacement row whose cause is on disk. Rows of another incarnation are ignored: they were made before it began.
  // It leaves with the next step. Errors: invalid_input (not an uplink key), limit_exceeded (key or payload too long).
  Result<void> put(Duration now, const OutboxRow& row);

  void step(Duration now, EdgeInput input, std::vector<EdgeAction>& actions);
  // When a Tick is wanted if nothing else comes in before.
  Duration next_step(Duration now) const;

  EdgeCounters counters() const;

 private:
  enum class Link : std::uint8_t { greeting, open, superseded };

  void handle(edge_input::Tick&) {}
  void handle(edge_input::Received& input);
  void handle(edge_input::Connected& input);
  void handle(edge_input::Disconnected& input);
  void handle(edge_input::SetStatus& input);
  void handle(edge_input::BeginIncarnation& input);
  void handle(edge_input::FetchBlob& input);
  void handle(edge_input::ForgetBlob& input);
  void handle(edge_input::Answer& input);

  void receive(Welcome& message);
  void receive(Refuse& message);
  void receive(Receipt& message);
  void receive(Credit& message);
  void receive(Heartbeat& message);
  void receive(Desired& message);
  void receive(Blob& message);
  void receive(Query& message);
  void receive(AskAll& message);
  template <class Other>
  void receive(Other& message);  // not for an edge: ignored by name

  void greet_at(Duration when);  // ends the session; the next HELLO begins another
  void greet();
  void watch();
  void send_rows();
  void send_the_rest();
  void want_all();
  void send(Body body);
  void act(EdgeAction action) { actions_->push_back(std::move(action)); }
  void note(LogLevel level, std::string_view event, std::string detail);

  EdgeIdentity identity_;
  EdgeTimes times_;
  Backlog backlog_;
  BlobFetch blobs_;

  Link link_ = Link::greeting;
  std::uint64_t session_ = 1;
  bool greeted_ = false;             // HELLO of this session has left at least once
  Duration greet_at_{0};
  Duration greet_retry_{0};
  Duration heard_{0};
  Duration beat_at_{0};
  std::uint64_t sequence_ = 0;       // of the last ROWS of the session
  std::uint64_t allowed_ = 0;
  std::uint64_t sent_revision_ = 0;  // highest that ever left in this incarnation, or was recovered
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refilled_ = 0;       // rows dropped when they were last asked for again
  bool superseded_ = false;          // said so of this incarnation
  std::uint64_t generation_ = 0;     // of the newest DESIRED of the session
  std::optional<Status> status_;
  bool status_waits_ = false;
  Duration status_at_{0};
  std::uint64_t bad_frames_ = 0;

  // Of the present step.
  Duration now_{0};
  std::vector<EdgeAction>* actions_ = nullptr;
};

}  // namespace doppel::uplink

// The coordinator's end of the uplink: the sessions of all edges, logic only. UplinkServer is the thread and the socket
// around it.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker_bridge/uplink/messages.h"
#include "broker_bridge/uplink/open_queries.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/log.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

// What the coordinator's state says about one (edge, lane, incarnation) after its HELLO was folded.
struct Standing {
  std::uint64_t held = 0;  // highest revision
  bool ask_all = false;    // something that was acknowledged is not there, or another incarnation was present before
  Desired desired;
  std::string refused;     // why there is to be no session; "" when welcome
};

struct CoordinatorOptions {
  std::string program;
  std::size_t max_sessions = 1'000;
  std::uint64_t window = 8;                       // ROWS frames an edge may have under way
  Duration silence = std::chrono::seconds(15);    // of an edge: it counts as disconnected
  Duration look_up_retry = std::chrono::milliseconds(20);
  Duration query_timeout = std::chrono::seconds(10);
  std::size_t max_queries = 256;                  // under way
};

namespace coordinator_input {
struct Tick {};
// `user` is the edge's name as its key proves it; nothing on a plain connection. Views are borrowed for the call.
struct Received { std::string_view peer; std::optional<std::string_view> user; std::string_view bytes; };
struct Journaled { std::uint64_t ticket = 0; Position position = Position::none; };
struct Refused { std::uint64_t ticket = 0; };  // the journal did not take it: the edge sends it again
struct Synced { Position position = Position::none; };
struct PeerLost { std::string_view peer; };
// Nothing: its HELLO is not folded yet; asked again a little later.
struct LookedUp { std::string peer; std::uint64_t session = 0; std::optional<Standing> standing; };
struct RefreshDesired {};                       // desired state changed: looks up all sessions
struct Ask { std::uint64_t id = 0; EdgeId edge; std::string path; std::string body; };  // id: unique
struct AskEverything { EdgeId edge; };
}  // namespace coordinator_input
using CoordinatorInput =
    std::variant<coordinator_input::Tick, coordinator_input::Received, coordinator_input::Journaled, coordinator_input::Refused,
                 coordinator_input::Synced, coordinator_input::PeerLost, coordinator_input::LookedUp,
                 coordinator_input::RefreshDesired, coordinator_input::Ask, coordinator_input::AskEverything>;

namespace coordinator_action {
struct Send { std::string peer; std::string bytes; };
struct Append { std::uint64_t ticket = 0; EdgeId edge; std::string bytes; };  // then Journaled or Refused
struct LookUp { std::string peer; std::uint64_t session = 0; Hello hello; Position position = Position::none; };  // then LookedUp
struct ReadBlob { std::string peer; std::uint64_t session = 0; BlobGet wanted; };  // answered by the shell
struct Answered { QueryResult result; };
struct Unanswered { std::uint64_t id = 0; std::string reason; };  // unavailable
struct Note { LogLevel level = LogLevel::info; std::string_view event; EdgeId edge; std::string detail; };
}  // namespace coordinator_action
using CoordinatorAction =
    std::variant<coordinator_action::Send, coordinator_action::Append, coordinator_action::LookUp, coordinator_action::ReadBlob,
                 coordinator_action::Answered, coordinator_action::Unanswered, coordinator_action::Note>;

// One edge as its session shows it.
struct LinkState {
  EdgeId edge;
  std::uint32_t lane = 0;
  Incarnation incarnation;
  bool connected = false;
  Duration heard{0};                  // when, on the monotonic clock
  std::uint64_t backlog_rows = 0;     // as of its last heartbeat
  Duration oldest_age{0};             // of them, then
  bool operator==(const LinkState&) const = default;
};

class UplinkCoordinator {
 public:
  explicit UplinkCoordinator(CoordinatorOptions options) : options_(std::move(options)) {}

  void step(Duration now, CoordinatorInput input, std::vector<CoordinatorAction>& actions);
  // When a Tick is wanted if nothing else comes in before.
  Duration next_step(Duration now) const;

  std::vector<LinkState> links() const;  // by edge and lane
  std::uint64_t bad_frames() const { return bad_frames_; }

 private:
  struct Session {
    std::uint64_t number = 0;
    Hello hello;
    enum class Stage : std::uint8_t { journaling, looking_up, open } stage = Stage::journaling;
    Position hello_position = Position::none;
    Welcome welcome;
    Desired desired;                   // as last sent
    std::uint64_t highest_sequence = 0;  // durable
    std::uint64_t under_way = 0;         // ROWS and STATUS received and not durable
    LinkState link;
  };
  using Sessions = std::map<std::string, Session, std::less<>>;  // by peer
  struct Lane {
    EdgeId edge;
    std::uint32_t number = 0;
    auto operator<=>(const Lane&) const = default;
  };
  struct Pending {
    std::string peer;
    std::uint64_t session = 0;
    enum class Kind : std::uint8_t { hello, rows, status } kind = Kind::hello;
    std::uint64_t sequence = 0;  // of ROWS
    Receipt receipt;             // of ROWS
  };
  struct Unsynced {
    Position position = Position::none;
    Pending pending;
  };

  void handle(coordinator_input::Tick&) {}
  void handle(coordinator_input::Received& input);
  void handle(coordinator_input::Journaled& input);
  void handle(coordinator_input::Refused& input);
  void handle(coordinator_input::Synced& input);
  void handle(coordinator_input::PeerLost& input);
  void handle(coordinator_input::LookedUp& input);
  void handle(coordinator_input::RefreshDesired& input);
  void handle(coordinator_input::Ask& input);
  void handle(coordinator_input::AskEverything& input);

  struct Incoming {
    std::string_view peer;
    std::optional<std::string_view> user;
    std::string_view bytes;
    std::uint64_t session = 0;
  };
  void begin_session(const Incoming& in, Hello& hello);
  void receive(Session& session, const Incoming& in, Rows& message);
  void receive(Session& session, const Incoming& in, Heartbeat& message);
  void receive(Session& session, const Incoming& in, Status& message);
  void receive(Session& session, const Incoming& in, BlobGet& message);
  void receive(Session& session, const Incoming& in, QueryResult& message);
  template <class Other>
  void receive(Session& session, const Incoming& in, Other& message);  // not for a coordinator: ignored by name

  void append(const Incoming& in, const EdgeId& edge, Pending pending);
  void release(Position synced);
  void look_up(const std::string& peer, const Session& session);
  void welcome(const std::string& peer, Session& session, const Standing& standing);
  void look_up_again();
  void send_desired(const std::string& peer, Session& session);
  void end_session(Sessions::iterator at, std::string_view why);
  void expire();
  Session* find(std::string_view peer, std::uint64_t number);
  const std::string* open_peer_of(const EdgeId& edge) const;
  std::uint64_t allowed(const Session& session) const { return session.highest_sequence + options_.window; }
  void send(std::string_view peer, std::uint64_t session, Body body);
  void refuse(const Incoming& in, RefuseCode code, std::string reason);
  void act(CoordinatorAction action) { actions_->push_back(std::move(action)); }
  void note(LogLevel level, std::string_view event, const EdgeId& edge, std::string detail);

  CoordinatorOptions options_;
  Sessions sessions_;
  std::map<Lane, std::string> peers_;      // the peer that holds the name
  std::map<Lane, LinkState> gone_;         // of those that have no session now; at most max_sessions
  std::map<std::string, Duration> look_up_at_;  // by peer, what was not folded yet
  std::map<std::uint64_t, Pending> pending_;  // by ticket
  std::deque<Unsynced> unsynced_;          // in journal order
  OpenQueries queries_;
  std::uint64_t tickets_ = 0;
  std::uint64_t bad_frames_ = 0;
  Position synced_ = Position::none;
  Duration expire_at_{0};

  // Of the present step.
  Duration now_{0};
  std::vector<CoordinatorAction>* actions_ = nullptr;
};

}  // namespace doppel::uplink

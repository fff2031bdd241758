// The coordinator's end of the uplink as a thread: it owns the ZeroMQ socket and runs an UplinkCoordinator beside it. What edges
// send is appended to the journal; receipts leave when the journal is synced past it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker_bridge/uplink/security.h"
#include "broker_bridge/uplink/uplink_coordinator.h"
#include "twin_store/blobs/blob_store.h"
#include "twin_store/journal/journal.h"
#include "twin_store/model/log.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

// What the coordinator's state says. Thread: any.
class Directory {
 public:
  virtual ~Directory() = default;
  // Answers once, from any thread, now or later: what a session that said `hello`, a record at `position`, is to know; nothing if
  // that record is not folded yet.
  virtual void look_up(const Hello& hello, Position position, std::function<void(std::optional<Standing>)> answer) = 0;
  // Grows when the desired state changes.
  virtual std::uint64_t generation() const = 0;
};

struct ServerSecurity {
  CurveKeys own;
  std::vector<AllowedKey> allowed;  // nobody else may connect, and each only under its own name
};

struct ServerOptions {
  std::string address;  // tcp://ADDR:PORT; port * or 0: any free one
  std::optional<ServerSecurity> security;  // without it only addresses on loopback are allowed
  CoordinatorOptions coordinator;
  Duration journal_patience = std::chrono::seconds(5);  // how long a full journal may hold the edges back before the end
};

// Borrowed for the life of the server.
struct ServerParts {
  Journal& journal;
  const BlobStore& blobs;
  Directory& directory;
  const Clock& clock;
  Log& log;
  // The journal takes nothing any more: to be called once, on the server's thread; the process is to end.
  std::function<void(const Error&)> fail_stop;
};

// Thread: every member may be called from any thread.
class UplinkServer {
 public:
  // Errors: invalid_input (address, keys), unavailable (the address is in use).
  static Result<std::unique_ptr<UplinkServer>> start(ServerOptions options, ServerParts parts);
  ~UplinkServer();  // stops
  // Ends all sessions. What is asked from now on has no answer.
  void stop();

  std::string address() const;  // as bound, with its port
  std::vector<LinkState> links() const;
  std::uint64_t bad_frames() const;

  // Asks an edge; answered once on the server's thread, or with unavailable. Dropped without an answer when the server ends.
  using Answer = std::function<void(Result<QueryResult>)>;
  void query(const EdgeId& edge, std::string path, std::string body, Answer answer);
  void ask_everything(const EdgeId& edge);

 private:
  class Loop;
  explicit UplinkServer(std::shared_ptr<Loop> loop);
  std::shared_ptr<Loop> loop_;
};

}  // namespace doppel::uplink

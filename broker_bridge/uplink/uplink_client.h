// The edge's end of the uplink as a thread: it owns the ZeroMQ socket and runs an UplinkEdge beside it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker_bridge/uplink/edge_port.h"
#include "broker_bridge/uplink/security.h"
#include "broker_bridge/uplink/uplink_edge.h"
#include "twin_store/model/log.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

struct ClientSecurity {
  CurveKeys own;
  std::string coordinator_key;  // its public key
};

struct ClientOptions {
  std::string address;  // tcp://HOST:PORT
  std::optional<ClientSecurity> security;  // without it only addresses on loopback are allowed
  EdgeIdentity identity;
  BacklogLimits backlog;
  EdgeTimes times;
};

// Thread: the client's own, one at a time, never after the client is gone. They must not block. Every one must be set.
struct ClientEvents {
  std::function<void(const Incarnation&, const std::vector<ReceiptItem>&)> acknowledged;
  std::function<void(std::uint64_t held, std::uint64_t known)> incarnation_superseded;
  std::function<void(RowsWanted)> rows_wanted;
  std::function<void(Desired)> desired;
  std::function<void(const std::string& sha256, Result<std::string> content)> blob;
  // The answer may be given once, later, from any thread, also when the client is gone.
  using Answer = std::function<void(std::uint32_t status, std::string body)>;
  std::function<void(const Query& query, Answer answer)> query;
};

// Thread: every member may be called from any thread, also from within an event.
class UplinkClient final : public EdgePort {
 public:
  // Begins to connect, and goes on trying for as long as it lives. Borrows `clock` and `log`. Errors: invalid_input (address,
  // keys), unavailable.
  static Result<std::unique_ptr<UplinkClient>> start(ClientOptions options, ClientEvents events, const Clock& clock, Log& log);
  ~UplinkClient() override;

  Result<void> put(const OutboxRow& row) override;
  void set_status(Status status) override;
  void begin_incarnation(const Incarnation& incarnation, std::uint64_t mark) override;
  void fetch_blob(const std::string& sha256) override;
  void forget_blob(const std::string& sha256) override;
  EdgeCounters counters() const;

 private:
  class Loop;
  explicit UplinkClient(std::shared_ptr<Loop> loop);
  std::shared_ptr<Loop> loop_;
};

}  // namespace doppel::uplink

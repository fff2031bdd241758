// One client of the MQTT library: speaks one version of the protocol, and may be connected again after a loss.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/mqtt/options.h"
#include "twin_store/model/record.h"
#include "twin_store/model/result.h"

namespace doppel {

// The library's numbers of the protocol versions.
enum class MqttVersion : std::uint8_t { v3_1_1 = 4, v5 = 5 };

// Views live for the call.
struct ReceivedMessage {
  Delivery delivery;  // source and session are for the receiver to fill in
  std::string_view topic;
  std::string_view payload;
  std::string_view headers;         // TLV, see append_header; at most kMaxHeaders bytes
  bool headers_left_out = false;
  std::string_view publication_id;  // MQTT 5: what a doppel publisher gave it
};

struct Publication {
  std::string topic = {};
  std::string payload = {};
  std::uint8_t qos = 0;  // 0, 1, 2
  bool retain = false;
  std::string id = {};   // MQTT 5: sent along as the user property kPublicationId, by which receivers drop repeats; may be ""
};
inline constexpr std::string_view kPublicationId = "doppel-id";

// Called once, also after the connection is lost: with success when the broker has taken the publication (QoS 0: when it is
// written). Errors: unavailable (try again), invalid_input (the broker refuses it). On a thread of the library: must not block.
using PublicationDone = std::function<void(const Result<void>&)>;

struct MqttSession {
  std::string client_id = {};
  bool keep = false;                      // the broker keeps the session after the connection
  std::chrono::seconds expiry{0};         // MQTT 5
  std::uint16_t receive_maximum = 65'535;  // MQTT 5
};

enum class ConnectFailure : std::uint8_t {
  none,
  unreachable,  // no connection came about
  no_answer,    // the broker closed it, or kept silent
  version,      // the broker speaks another protocol version
  refused,      // for another reason, which it gave: credentials, ban, client id
  stopped,
};

struct ConnectOutcome {
  ConnectFailure failure = ConnectFailure::none;
  std::string reason = {};       // of the failure
  bool session_present = false;  // the broker has kept the session
};

// Thread: connect, subscribe and the destructor on one thread, publish on any.
class MqttClient {
 public:
  // On a thread of the library, which receives for all clients of the process. Neither returns by an exception.
  struct Handlers {
    std::function<void(const ReceivedMessage&)> message;  // acknowledged when it returns
    std::function<void(const std::string&)> lost;         // the connection, with what is known of why
  };

  // Errors: invalid_input (address, files).
  static Result<std::unique_ptr<MqttClient>> make(const MqttBroker& broker, const MqttSession& session, MqttVersion version,
                                                  Handlers handlers);
  virtual ~MqttClient() = default;  // publications without an answer fail with unavailable

  virtual ConnectOutcome connect(const std::stop_token& stop) = 0;
  // Returns the QoS that the broker grants, which may be lower than the one asked for. Errors: conflict (the broker refuses),
  // unavailable (the connection is lost).
  virtual Result<std::uint8_t> subscribe(const MqttSubscription& subscription) = 0;
  virtual Result<void> unsubscribe(const std::string& filter) = 0;
  virtual void publish(const Publication& publication, PublicationDone done) = 0;
  // Says goodbye; waits a second at most.
  virtual void disconnect() = 0;
};

}  // namespace doppel

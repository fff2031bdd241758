// Keeps a connection to one broker up: connects with MQTT 5, or 3.1.1 where the broker speaks nothing newer, subscribes, and comes
// back with growing pauses when the connection is lost.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "broker_bridge/mqtt/backoff.h"
#include "broker_bridge/mqtt/client.h"
#include "broker_bridge/mqtt/counters.h"
#include "broker_bridge/mqtt/options.h"
#include "twin_store/model/log.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel {

struct MqttLinkOptions {
  MqttBroker broker;
  MqttSession session;
  std::vector<MqttSubscription> subscriptions;
  std::set<std::string> retired_filters;  // that a session kept by the broker may hold
  std::uint32_t first_session = 1;  // each attempt to connect takes the next number
};

enum class MqttStanding : std::uint8_t {
  disconnected,
  subscribing,
  refused,     // of a subscription at least: it is tried again
  lower_qos,   // subscribed, but at a lower QoS than was asked for: messages may get lost on the way
  subscribed,  // as was asked for
};
std::string_view to_string(MqttStanding standing);

struct MqttState {
  bool connected = false;
  MqttStanding standing = MqttStanding::disconnected;
  Timestamp since;         // of being connected, or of not being so
  std::string last_error;  // why connecting, subscribing or the connection failed; "": nothing did
};

// Thread: start and stop on one, the rest on any. The link has a thread of its own for connecting.
class MqttLink {
 public:
  struct Handlers {
    std::function<void(const ReceivedMessage&, std::uint32_t session)> message;  // absent: nothing is received
    std::function<void()> connected;  // and once a second while it is so; absent: nobody asks
    std::function<void()> settled;    // the session holds the subscriptions and none of the retired filters; absent: nobody asks
  };

  // Borrows counters, clock and log.
  MqttLink(MqttLinkOptions options, Handlers handlers, MqttCounters& counters, const Clock& clock, Log& log);
  ~MqttLink();

  void start();
  void stop();  // says goodbye; no handler is called after it

  // Without a connection `done` gets unavailable at once.
  void publish(const Publication& publication, PublicationDone done);

  MqttState state() const;

 private:
  void run(const std::stop_token& stop);
  bool connect(const std::stop_token& stop);
  ConnectOutcome attempt(MqttVersion version, const std::stop_token& stop);
  Result<std::shared_ptr<MqttClient>> client_for(MqttVersion version, std::uint32_t session);
  void begin_session(bool session_present);
  void settle();
  bool subscribe(MqttClient& client, const MqttSubscription& subscription);
  bool unsubscribe(MqttClient& client, const std::string& filter);
  void complain(std::string_view event, const std::string& why);
  void wait_until_lost(const std::stop_token& stop);
  void pause(const std::stop_token& stop);
  void lost(const std::string& why);
  void take_down();
  void failed(const std::string& why);
  bool is_lost() const { return lost_session_ == session_; }  // with mutex_
  void set_connected(bool connected);                         // with mutex_
  std::shared_ptr<MqttClient> present_client() const;

  const MqttLinkOptions options_;
  const Handlers handlers_;
  MqttCounters& counters_;
  const Clock& clock_;
  Log& log_;
  Backoff backoff_;
  bool has_spoken_5_ = false;
  MqttVersion first_version_ = MqttVersion::v5;  // to be tried first
  std::shared_ptr<MqttClient> last_client_;  // of a session that is not kept: to be connected again
  MqttVersion last_version_ = MqttVersion::v5;

  // Of the present session: what it still lacks, and holds too much. The thread's alone.
  std::vector<MqttSubscription> wanted_;
  std::set<std::string> unwanted_;
  bool qos_is_lower_ = false;
  std::set<std::string> complaints_;  // each is logged once
  Backoff settle_backoff_;
  std::chrono::steady_clock::time_point settle_at_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::shared_ptr<MqttClient> client_;  // the connected one
  std::uint32_t session_;               // of the present or last attempt
  std::uint32_t lost_session_ = 0;      // sessions up to this one have ended
  std::string lost_why_;
  MqttStanding standing_ = MqttStanding::disconnected;
  Timestamp since_;
  std::string last_error_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace doppel

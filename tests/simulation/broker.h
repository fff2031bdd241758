// An MQTT broker as the standard asks for, with one persistent session for each edge: QoS 0 and 1, an inflight window, redelivery with
// DUP, retained messages; and what edges publish to it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/world.h"
#include "twin_store/model/record.h"

namespace doppel::simulation {

struct Publication {
  std::uint64_t number = 0;
  std::string topic, payload;
  std::uint8_t qos = 1;
  bool retain = false;       // of the device: the broker keeps it as the topic's newest
  bool is_retained = false;  // a copy that was sent because of a subscription
};

class SimBroker {
 public:
  static constexpr std::size_t kWindow = 8;

  enum class Retained : std::uint8_t { to_new_subscriptions, to_every_subscription };  // MQTT 5 as doppel asks for it; MQTT 3.1.1

  SimBroker(World& world, Retained retained) : world_(world), sends_retained_(retained) {}

  // The edge's end of a connection. Called while the connection lasts; lost() is the last call.
  struct Receiver {
    std::function<void(const Publication&, const Delivery&)> message;
    std::function<void()> lost;
  };
  // The number of the connection, or 0: the broker is down. Who connects subscribes.
  std::uint64_t connect(std::size_t edge, Receiver receiver);
  void disconnect(std::size_t edge, std::uint64_t connection);
  void acknowledge(std::size_t edge, std::uint64_t connection, std::uint16_t packet_id);  // a PUBACK on its way
  // `taken` is called when the broker has it, while the connection lasts.
  void publish(std::size_t edge, std::uint64_t connection, std::string id, std::string topic, std::string payload, std::function<void()> taken);

  void send_to(std::size_t edge, Publication publication);  // of a device; waits while the broker is down
  void cut(std::size_t edge);                               // the connection breaks
  void stop();                                              // sessions are kept
  void start() { is_up_ = true; }
  // While it is stopped: it kept nothing on disk. Clients subscribe anew; who publishes before that reaches nobody.
  void lose_sessions();

  bool is_idle(std::size_t edge) const;  // everything was acknowledged
  // The newest retained message of each topic that this edge is sure to have been sent.
  std::vector<std::uint64_t> retained_for(std::size_t edge) const;
  const std::map<std::string, std::set<std::string>>& published(std::size_t edge) { return sessions_[edge].published; }
  const std::set<std::uint64_t>& acknowledged(std::size_t edge) { return sessions_[edge].acknowledged; }
  // At QoS 1, and lost by the broker or never given to a session.
  const std::set<std::uint64_t>& lost(std::size_t edge) { return sessions_[edge].lost; }

 private:
  struct InFlight {
    std::uint16_t packet_id = 0;
    Publication publication;
  };
  struct Session {
    std::uint64_t connection = 0;
    bool exists = true, is_connected = false;  // every edge has been there before the run begins
    Receiver receiver;
    std::deque<Publication> queue;
    std::deque<InFlight> in_flight;
    std::map<std::string, Publication> retained;  // by topic
    std::uint16_t last_packet_id = 0;
    Duration down_at{0}, up_at{0};  // when the last packet of each direction arrives: TCP keeps the order
    std::map<std::string, std::set<std::string>> published;  // id -> what came under it
    std::set<std::uint64_t> acknowledged, lost;
  };

  void enqueue(std::size_t edge, Publication publication);
  void pump(std::size_t edge);
  void deliver(std::size_t edge, const Publication& publication, const Delivery& delivery);
  void on_the_way_up(std::size_t edge, std::uint64_t connection, std::function<void(Session&)> arrive);
  void send_retained(std::size_t edge);
  void hang_up(Session& session);

  World& world_;
  const Retained sends_retained_;
  bool is_up_ = true;
  std::map<std::size_t, Session> sessions_;
};

}  // namespace doppel::simulation

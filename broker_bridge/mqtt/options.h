// How to reach a broker, and what a source or publisher does there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "twin_store/model/result.h"

namespace doppel {

struct MqttBroker {
  std::string url;  // mqtt://HOST[:1883] or mqtts://HOST[:8883]; an IPv6 host in brackets
  std::string username;
  std::string password;
  std::string ca_file;    // of mqtts; "": the system's authorities
  std::string cert_file;  // with key_file: this client's certificate
  std::string key_file;
  std::chrono::seconds keep_alive{30};
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds reconnect_min{200};  // doubled after each failure, less a random part
  std::chrono::milliseconds reconnect_max{30'000};
};

struct MqttSubscription {
  std::string filter = "#";
  std::uint8_t qos = 1;  // 0 or 1: at 2 a message is acknowledged before it is journaled
};

struct MqttSourceOptions {
  MqttBroker broker;
  std::string client_id;    // names the persistent session at the broker
  std::uint16_t source = 0;  // number of this source in the configuration
  std::vector<MqttSubscription> subscriptions{MqttSubscription{}};  // disjoint
  std::chrono::seconds session_expiry{24 * 3600};  // MQTT 5: the broker keeps the session that long without us
  std::uint16_t receive_maximum = 1024;      // MQTT 5: QoS 1 messages under way to us
  std::size_t max_payload = 2u << 20;        // longer ones are journaled as their first kTruncatedPayload bytes
  std::uint32_t first_session = 1;           // above every session number that this source has used before
  std::string own_publications;  // MQTT 5: messages whose publication id begins with this are our own, and dropped; "": none
};
inline constexpr std::size_t kTruncatedPayload = 4096;
// A whole packet is held in memory while it is received. A broker that speaks MQTT 5 sends no larger ones; for others its own limit
// (mosquitto: message_size_limit) is the only one.
inline constexpr std::size_t kMaxPacket = 32u << 20;
// Headers of a message beyond this are left out and counted, so that a record of max_payload + kMaxMessageOverhead always fits.
inline constexpr std::size_t kMaxHeaders = 64u << 10;
inline constexpr std::size_t kMaxMessageOverhead = kMaxHeaders + (64u << 10) + 256;  // headers, topic, the record's own

struct MqttPublisherOptions {
  MqttBroker broker;
  std::string client_id;
  std::size_t max_in_flight = 1000;  // publications without an answer
};

// Where `url` leads in the words of the MQTT library, "tcp://host:port" or "ssl://host:port". Errors: invalid_input.
Result<std::string> broker_address(const std::string& url);

// Everything that is wrong, one line each. Errors: invalid_input.
Result<void> check(const MqttSourceOptions& options);

}  // namespace doppel

// What can be configured, as plain structs. Each member's default is what runs without a configuration file; the table in
// setting_table.h gives the key, range and help of each. Loading: loader.h.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker_bridge/decode/mapping.h"
#include "twin_store/journal/journal.h"
#include "twin_store/model/log.h"
#include "twin_store/model/time.h"

namespace doppel {

struct HttpConfig {
  std::string address = "127.0.0.1";
  std::uint64_t port = 0;   // 0: any free port
  std::string token_file;   // needed where the address is not loopback
};

struct JournalConfig {
  SyncPolicy sync = SyncPolicy::interval;
  Duration sync_interval = std::chrono::milliseconds(100);
  std::uint64_t segment_bytes = 16u << 20;
  std::uint64_t budget_bytes = 1u << 30;
  Duration keep = std::chrono::hours(24);
};

struct StoreConfig {
  Duration commit_interval = std::chrono::seconds(10);
  std::uint64_t commit_bytes = 4u << 20;
  Duration snapshot_interval = std::chrono::hours(6);
  std::uint64_t max_twins = 100'000;  // of an edge
  std::uint64_t max_names = 100'000;  // of an edge: different property names
};

enum class LogFormat : std::uint8_t { text = 0, json = 1 };

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
};

// What both roles have.
struct NodeConfig {
  std::string name;    // [a-z0-9-]; "" until the loader has put the host's name there
  std::string region;  // "" : none
  std::string data;    // folder; "" until the loader has put the default there
  HttpConfig http;
  JournalConfig journal;
  StoreConfig store;
  LogConfig log;
};

struct MqttConfig {
  std::string name;                        // "" until the loader has put "mqtt", "mqtt2", ... there
  std::string url;                         // mqtt://HOST:PORT or mqtts://HOST:PORT
  std::vector<std::string> topics = {"#"};
  std::uint64_t qos = 1;                   // 0 or 1
  std::string username;
  std::string password_file;
  std::string ca_file;                     // "" : the system's authorities
  std::string cert_file;
  std::string key_file;
  std::string client_id;                   // "" until the loader has put "doppel-NAME-SOURCE" there
  Duration keep_alive = std::chrono::seconds(30);
  Duration session_expiry = std::chrono::hours(24 * 7);
  bool publish = false;  // publications of functions go here; the loader has chosen one where there is any
};

struct WindowConfig {
  std::string name = "1m";
  Duration length = std::chrono::minutes(1);
  std::vector<std::string> group_by;            // labels, in the order of the group's text
  std::vector<std::string> properties = {"*"};  // globs; only numeric values count
};

struct WindowsConfig {
  Duration lateness = std::chrono::seconds(5);
  Duration flush{0};  // 0: the window's length, at most 60 s
  Duration retain = std::chrono::hours(24);
  std::uint64_t max_rows = 100'000;
};

// What is remembered of each twin's messages, to tell a repeat.
struct RepeatsConfig {
  std::uint64_t topics = 1024;    // whose last payload is remembered
  std::uint64_t event_ids = 64;   // 0: none
  Duration event_id_age = std::chrono::hours(24);
};

// Ceilings over what manifests ask for.
struct FunctionsConfig {
  std::uint64_t max_functions = 1'000;
  std::uint64_t max_fuel = 1'000'000'000;      // of one event
  std::uint64_t max_memory_bytes = 16u << 20;
  std::uint64_t max_output_bytes = 1u << 20;
  std::uint64_t max_module_bytes = 8u << 20;
  std::uint64_t failure_fuel = 1'000'000'000;  // in a minute
  std::uint64_t max_held_bytes = 16u << 20;
  std::uint64_t max_unpublished = 100'000;     // publications that wait for the broker
  bool allow_loop = false;  // may publish on a subscribed topic of an MQTT 3.1.1 broker
};

struct UplinkConfig {
  std::string address;                // tcp://HOST:PORT; "" : no uplink
  std::string key_file;               // this edge's CURVE key pair; "" : DATA/uplink.key, made when absent
  std::string coordinator_key;        // the coordinator's public key; "" : plain, on loopback only
  std::vector<std::string> twins;     // MQTT filters over twin ids: whose latest values go up
  std::uint64_t backlog_rows = 0;     // without a receipt; 0 until the loader has put twice windows.max_rows there
};

struct EdgeConfig : NodeConfig {
  EdgeConfig() { http.port = 7070; }

  std::optional<std::array<double, 2>> geo;  // longitude, latitude
  std::vector<MqttConfig> mqtt;
  Mapping mapping;  // [[mapping]], [limits]
  std::vector<WindowConfig> windows{WindowConfig{}};
  WindowsConfig window_rules;
  RepeatsConfig repeats;
  FunctionsConfig functions;
  UplinkConfig uplink;
};

struct AllowedEdge {
  std::string edge;
  std::string key;  // CURVE public key, 40 characters of Z85
};

struct FleetConfig {
  std::string bind = "tcp://127.0.0.1:7090";  // port 0 or *: any free port
  std::string key_file;                       // CURVE key pair; "" : plain, on loopback only
  Duration retain = std::chrono::hours(24 * 7);  // parts of window rows; older ones are folded and frozen
  std::uint64_t max_edges = 10'000;
};

struct CoordinatorConfig : NodeConfig {
  CoordinatorConfig() { http.port = 7080; }

  FleetConfig fleet;
  std::vector<AllowedEdge> allow;  // empty: every edge, on loopback only
};

}  // namespace doppel

#include "edge_runtime/config/checks.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "broker_bridge/decode/decoder.h"
#include "broker_bridge/decode/topic_filter.h"
#include "edge_runtime/config/text_rules.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/loopback.h"
#include "twin_store/model/units.h"

namespace doppel {
namespace {

std::string name_of_host(std::string_view host) {
  std::string name;
  for (char c : host.substr(0, host.find('.'))) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    name += plain ? c : '-';
  }
  name.resize(std::min<std::size_t>(name.size(), 63));
  return is_name(name) ? name : "edge";
}

void fill_node(NodeConfig& config, const HostDefaults& host, std::string name) {
  if (config.name.empty()) config.name = std::move(name);
  if (config.data.empty()) config.data = host.data.empty() ? host.data_root + "/" + config.name : host.data;
}

void check_node(const NodeConfig& config, Problems& problems) {
  if (!is_loopback(config.http.address) && config.http.token_file.empty()) {
    problems.add("http", 0, {"address"},
                 "\"" + config.http.address + "\" is not loopback, which needs http.token_file");
  }
  constexpr std::uint64_t kLeastSegments = 4;
  if (config.journal.budget_bytes / kLeastSegments < config.journal.segment_bytes) {
    problems.add("journal", 0, {"budget", "segment"},
                 format_size(config.journal.budget_bytes) + " is less than four segments of " +
                     format_size(config.journal.segment_bytes));
  }
}

void check_mqtt(const EdgeConfig& config, std::size_t row, Problems& problems) {
  const MqttConfig& mqtt = config.mqtt[row];
  const bool tls = mqtt.url.starts_with("mqtts://");
  if (mqtt.cert_file.empty() != mqtt.key_file.empty()) {
    problems.add("mqtt", row, {mqtt.cert_file.empty() ? "key_file" : "cert_file"},
                 "cert_file and key_file go together");
  }
  if (!tls && !(mqtt.ca_file + mqtt.cert_file + mqtt.key_file).empty()) {
    problems.add("mqtt", row, {"url", "ca_file", "cert_file", "key_file"},
                 "\"" + mqtt.url + "\" does not use TLS; certificates need mqtts://");
  }
  if (!mqtt.password_file.empty() && mqtt.username.empty()) {
    problems.add("mqtt", row, {"password_file"}, "needs a username");
  }
  if (mqtt.topics.empty()) problems.add("mqtt", row, {"topics"}, "is empty: nothing would be subscribed to");
}

// Rule 15: a message that matched two subscriptions of a broker would be counted twice.
void check_overlaps(const EdgeConfig& config, Problems& problems) {
  struct Subscription {
    std::size_t row;
    const std::string* filter;
  };
  // Which broker an unusable address means, nobody knows: only with itself is it surely the same.
  const auto same_broker = [&](std::size_t one, std::size_t other) {
    if (one == other) return true;
    const bool is_known = !problems.is_unusable("mqtt", one, "url") && !problems.is_unusable("mqtt", other, "url");
    return is_known && broker_place(config.mqtt[one].url) == broker_place(config.mqtt[other].url);
  };
  std::vector<Subscription> seen;
  for (std::size_t row = 0; row < config.mqtt.size(); ++row) {
    if (problems.is_unusable("mqtt", row, "topics")) continue;
    for (const std::string& filter : config.mqtt[row].topics) {
      for (const Subscription& other : seen) {
        if (!same_broker(other.row, row) || !overlap(*other.filter, filter)) continue;
        problems.add("mqtt", row, {"topics"},
                     "\"" + filter + "\" overlaps \"" + *other.filter + "\" of \"" + config.mqtt[other.row].name +
                         "\" at the same broker; a message must match one subscription only");
      }
      seen.push_back({row, &filter});
    }
  }
}

void check_publish(const EdgeConfig& config, Problems& problems) {
  const MqttConfig* chosen = nullptr;
  for (std::size_t row = 0; row < config.mqtt.size(); ++row) {
    if (!config.mqtt[row].publish) continue;
    if (chosen != nullptr) problems.add("mqtt", row, {"publish"}, "is true for \"" + chosen->name + "\" already; publications go to one broker");
    chosen = &config.mqtt[row];
  }
}

// What a broker keeps for a client id is one session, and what the node remembers of it is by that id.
void check_client_ids(const EdgeConfig& config, Problems& problems) {
  for (std::size_t row = 0; row < config.mqtt.size(); ++row) {
    for (std::size_t other = 0; other < row; ++other) {
      const MqttConfig &mine = config.mqtt[row], &its = config.mqtt[other];
      if (mine.client_id != its.client_id || mine.name == its.name) continue;
      problems.add("mqtt", row, {"client_id"}, "\"" + mine.client_id + "\" is the client id of \"" + its.name + "\" already");
    }
  }
}

template <class Row>
void check_unique(const std::vector<Row>& rows, std::string Row::*member, std::string_view section,
                  std::string_view key, Problems& problems) {
  std::set<std::string_view> seen;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!seen.insert(rows[row].*member).second) {
      problems.add(section, row, {key}, "\"" + rows[row].*member + "\" is given twice");
    }
  }
}

// The decoder says what is wrong with a rule, one line each, "mapping 1: twin = ...".
void check_mapping(const MappingRule& rule, std::size_t row, Problems& problems) {
  const auto made = Decoder::make({.rules = {rule}, .default_rule = false, .limits = {}});
  if (made) return;
  std::istringstream lines(made.error().message);
  for (std::string line; std::getline(lines, line);) {
    const auto text = line.find(": ") + 2;
    const std::string key = line.substr(text, line.find(' ', text) - text);
    problems.add(problems.place("mapping", row, {key}), "mapping." + line.substr(text));
  }
}

void check_windows(const EdgeConfig& config, Problems& problems) {
  check_unique(config.windows, &WindowConfig::name, "window", "name", problems);
  for (std::size_t row = 0; row < config.windows.size(); ++row) {
    const WindowConfig& window = config.windows[row];
    if (window.properties.empty()) problems.add("window", row, {"properties"}, "is empty: nothing would be aggregated");
    if (window.length + config.window_rules.lateness > config.window_rules.retain) {
      problems.add("window", row, {"length"},
                   format_duration(window.length) + " with windows.lateness " +
                       format_duration(config.window_rules.lateness) + " is longer than windows.retain " +
                       format_duration(config.window_rules.retain));
    }
  }
}

// A record that the journal never takes would come again and again: what an edge or a coordinator may receive must fit a quarter of a
// segment.
constexpr std::uint64_t kMessageOverhead = 129u << 10;  // topic and headers beside a payload
constexpr std::uint64_t kLargestFrame = (1u << 20) + (1u << 10);  // of the uplink, with the edge's name

void check_limits(const EdgeConfig& config, Problems& problems) {
  const std::uint64_t most = config.journal.segment_bytes / 4 - std::min(config.journal.segment_bytes / 4, kMessageOverhead);
  if (config.mapping.limits.payload_bytes <= most) return;
  problems.add("limits", 0, {"payload"},
               format_size(config.mapping.limits.payload_bytes) + " and " + format_size(kMessageOverhead) +
                   " for topic and headers are more than a quarter of journal.segment, " + format_size(config.journal.segment_bytes / 4));
}

void check_segment(const CoordinatorConfig& config, Problems& problems) {
  if (config.journal.segment_bytes / 4 >= kLargestFrame) return;
  problems.add("journal", 0, {"segment"},
               format_size(config.journal.segment_bytes) + " is less than four of the largest frames that edges send, " + format_size(4 * kLargestFrame));
}

void check_uplink(const EdgeConfig& config, Problems& problems) {
  const UplinkConfig& uplink = config.uplink;
  if (uplink.address.empty()) return;
  if (uplink.backlog_rows < config.window_rules.max_rows) {
    problems.add("uplink", 0, {"backlog_rows"},
                 std::to_string(uplink.backlog_rows) + " is less than windows.max_rows, " + std::to_string(config.window_rules.max_rows) +
                     ": windows that the edge still holds would not reach the coordinator");
  }
  const auto address = parse_host_port(uplink.address, 0);
  if (address && !is_loopback(address->host) && uplink.coordinator_key.empty()) {
    problems.add("uplink", 0, {"address"},
                 "\"" + uplink.address + "\" is not loopback, which needs uplink.coordinator_key");
  }
}

}  // namespace

void fill_defaults(EdgeConfig& config, const HostDefaults& host) {
  fill_node(config, host, name_of_host(host.name));
  for (std::size_t row = 0; row < config.mqtt.size(); ++row) {
    MqttConfig& mqtt = config.mqtt[row];
    if (mqtt.name.empty()) mqtt.name = row == 0 ? "mqtt" : "mqtt" + std::to_string(row + 1);
    if (mqtt.client_id.empty()) mqtt.client_id = "doppel-" + config.name + "-" + mqtt.name;
  }
  const bool is_chosen = std::any_of(config.mqtt.begin(), config.mqtt.end(), [](const MqttConfig& mqtt) { return mqtt.publish; });
  if (!is_chosen && !config.mqtt.empty()) config.mqtt.front().publish = true;
  if (config.uplink.key_file.empty()) config.uplink.key_file = config.data + "/uplink.key";
  if (config.uplink.backlog_rows == 0) config.uplink.backlog_rows = 2 * config.window_rules.max_rows;
}

void fill_defaults(CoordinatorConfig& config, const HostDefaults& host) { fill_node(config, host, "coordinator"); }

void check(const EdgeConfig& config, Problems& problems) {
  check_node(config, problems);
  check_unique(config.mqtt, &MqttConfig::name, "mqtt", "name", problems);
  for (std::size_t row = 0; row < config.mqtt.size(); ++row) check_mqtt(config, row, problems);
  check_client_ids(config, problems);
  check_publish(config, problems);
  check_overlaps(config, problems);
  for (std::size_t row = 0; row < config.mapping.rules.size(); ++row) {
    check_mapping(config.mapping.rules[row], row, problems);
  }
  check_windows(config, problems);
  check_limits(config, problems);
  check_uplink(config, problems);
}

void check(const CoordinatorConfig& config, Problems& problems) {
  check_node(config, problems);
  check_segment(config, problems);
  check_unique(config.allow, &AllowedEdge::edge, "allow", "edge", problems);
  const auto bind = parse_host_port(config.fleet.bind, 0);
  if (bind && !is_loopback(bind->host) && (config.fleet.key_file.empty() || config.allow.empty())) {
    problems.add("fleet", 0, {"bind"},
                 "\"" + config.fleet.bind + "\" is not loopback, which needs fleet.key_file and at least one [[allow]]");
  }
  if (!config.allow.empty() && config.fleet.key_file.empty()) {
    problems.add("fleet", 0, {"key_file"}, "is missing; the keys of [[allow]] are checked over CURVE only");
  }
}

}  // namespace doppel

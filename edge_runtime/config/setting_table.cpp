#include "edge_runtime/config/setting_table.h"

#include <limits>
#include <type_traits>

namespace doppel {
namespace {

using namespace std::chrono_literals;

template <class T>
SettingValue to_value(const T& member) {
  if constexpr (std::is_enum_v<T>) {
    return static_cast<std::uint64_t>(member);
  } else if constexpr (std::is_same_v<T, std::optional<std::array<double, 2>>>) {
    return member ? SettingValue(*member) : SettingValue();
  } else if constexpr (std::is_same_v<T, std::vector<FieldMapping>>) {
    TextMap entries;
    for (const FieldMapping& field : member) entries.emplace_back(field.name, field.pointer);
    return entries;
  } else {
    return member;
  }
}

template <class T>
void from_value(T& member, const SettingValue& value) {
  if constexpr (std::is_enum_v<T>) {
    member = static_cast<T>(std::get<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, std::optional<std::array<double, 2>>>) {
    member = std::get<std::array<double, 2>>(value);
  } else if constexpr (std::is_same_v<T, std::vector<FieldMapping>>) {
    member.clear();
    for (const auto& [name, pointer] : std::get<TextMap>(value)) member.push_back({.pointer = pointer, .name = name});
  } else {
    member = std::get<T>(value);
  }
}

// Adds the members of one struct to a section. `At` finds the struct in a configuration.
template <class Owner>
class Members {
 public:
  using At = Owner& (*)(NodeConfig&, std::size_t row);
  Members(Section& section, At at) : section_(section), at_(at) {}

  Setting& boolean(std::string_view key, bool Owner::*member, std::string_view help) {
    return add(key, SettingKind::boolean, member, help);
  }
  Setting& integer(std::string_view key, std::uint64_t Owner::*member, std::uint64_t least, std::uint64_t most,
                   std::string_view help) {
    return ranged(key, SettingKind::integer, member, least, most, help);
  }
  Setting& size(std::string_view key, std::uint64_t Owner::*member, std::uint64_t least, std::uint64_t most,
                std::string_view help) {
    return ranged(key, SettingKind::size, member, least, most, help);
  }
  Setting& duration(std::string_view key, Duration Owner::*member, Duration least, Duration most,
                    std::string_view help) {
    return ranged(key, SettingKind::duration, member, static_cast<std::uint64_t>(least.count()),
                  static_cast<std::uint64_t>(most.count()), help);
  }
  Setting& text(std::string_view key, std::string Owner::*member, TextRule rule, std::string_view help) {
    Setting& setting = add(key, SettingKind::text, member, help);
    setting.rule = rule;
    return setting;
  }
  Setting& texts(std::string_view key, std::vector<std::string> Owner::*member, TextRule rule, std::string_view help) {
    Setting& setting = add(key, SettingKind::texts, member, help);
    setting.rule = rule;
    return setting;
  }
  Setting& text_map(std::string_view key, std::vector<FieldMapping> Owner::*member, std::string_view help) {
    return add(key, SettingKind::text_map, member, help);
  }
  template <class Enum>
  Setting& choice(std::string_view key, Enum Owner::*member, std::vector<std::string_view> choices,
                  std::string_view help) {
    Setting& setting = add(key, SettingKind::choice, member, help);
    setting.choices = std::move(choices);
    return setting;
  }
  Setting& coordinates(std::string_view key, std::optional<std::array<double, 2>> Owner::*member,
                       std::string_view help) {
    return add(key, SettingKind::coordinates, member, help);
  }

 private:
  template <class T>
  Setting& ranged(std::string_view key, SettingKind kind, T Owner::*member, std::uint64_t least, std::uint64_t most,
                  std::string_view help) {
    Setting& setting = add(key, kind, member, help);
    setting.least = least;
    setting.most = most;
    return setting;
  }

  template <class T>
  Setting& add(std::string_view key, SettingKind kind, T Owner::*member, std::string_view help) {
    Setting setting{.key = key, .kind = kind, .help = help, .choices = {}, .read = {}, .write = {}};
    // Reading changes nothing: `at_` is written once, for both.
    setting.read = [at = at_, member](const NodeConfig& config, std::size_t row) {
      return to_value(at(const_cast<NodeConfig&>(config), row).*member);
    };
    setting.write = [at = at_, member](NodeConfig& config, std::size_t row, const SettingValue& value) {
      from_value(at(config, row).*member, value);
    };
    section_.settings.push_back(std::move(setting));
    return section_.settings.back();
  }

  Section& section_;
  At at_;
};

EdgeConfig& edge(NodeConfig& config) { return static_cast<EdgeConfig&>(config); }
CoordinatorConfig& coordinator(NodeConfig& config) { return static_cast<CoordinatorConfig&>(config); }

Section section(std::string_view name, std::string_view help) {
  Section made;
  made.name = name;
  made.help = help;
  return made;
}

// A repeated section whose rows are the vector that `rows` finds.
template <class Row>
Section repeated(std::string_view name, std::string_view help, std::vector<Row>& (*rows)(NodeConfig&)) {
  Section made = section(name, help);
  made.repeated = true;
  made.row_count = [rows](const NodeConfig& config) { return rows(const_cast<NodeConfig&>(config)).size(); };
  made.add_row = [rows](NodeConfig& config) { rows(config).emplace_back(); };
  made.clear_rows = [rows](NodeConfig& config) { rows(config).clear(); };
  return made;
}

Section top(Role role) {
  Section made = section("", "At the top of the file.");
  Members<NodeConfig> node(made, [](NodeConfig& c, std::size_t) -> NodeConfig& { return c; });
  node.text("name", &NodeConfig::name, TextRule::name, "Name of the node in its fleet. Default: the host's name; of a coordinator: coordinator.");
  node.text("region", &NodeConfig::region, TextRule::name, "Region of the node, for fleet totals.");
  node.text("data", &NodeConfig::data, TextRule::any,
            "Folder of journal and store. Default: `$DOPPEL_DATA`, else `~/.local/share/doppel/NAME`.");
  if (role == Role::edge) {
    Members<EdgeConfig>(made, [](NodeConfig& c, std::size_t) -> EdgeConfig& { return edge(c); })
        .coordinates("geo", &EdgeConfig::geo, "Where the node stands: `[longitude, latitude]`.");
  }
  return made;
}

Section http() {
  Section made = section("http", "The API and the dashboard.");
  Members<HttpConfig> members(made, [](NodeConfig& c, std::size_t) -> HttpConfig& { return c.http; });
  members.text("address", &HttpConfig::address, TextRule::any,
               "Address to listen on. Other than loopback needs `token_file`.");
  members.integer("port", &HttpConfig::port, 0, 65'535, "Port to listen on; 0 takes any free one.");
  members.text("token_file", &HttpConfig::token_file, TextRule::any,
               "File with the bearer token that clients must send.");
  return made;
}

Section mqtt() {
  Section made = repeated<MqttConfig>("mqtt", "A broker to take messages from. May be repeated.",
                                      [](NodeConfig& c) -> std::vector<MqttConfig>& { return edge(c).mqtt; });
  Members<MqttConfig> members(made, [](NodeConfig& c, std::size_t row) -> MqttConfig& { return edge(c).mqtt[row]; });
  members.text("url", &MqttConfig::url, TextRule::mqtt_url, "Address of the broker.").required = true;
  members.text("name", &MqttConfig::name, TextRule::name, "Name of the source. Default: `mqtt`, then `mqtt2`, ...");
  members.texts("topics", &MqttConfig::topics, TextRule::topic_filter,
                "What to subscribe to. The filters of a broker may not overlap.");
  members.integer("qos", &MqttConfig::qos, 0, 1, "Quality of service to subscribe at.");
  members.text("username", &MqttConfig::username, TextRule::any, "User name.");
  members.text("password_file", &MqttConfig::password_file, TextRule::any, "File with the password.");
  members.text("ca_file", &MqttConfig::ca_file, TextRule::any,
               "Certificates to trust (PEM). Default: those of the system.");
  members.text("cert_file", &MqttConfig::cert_file, TextRule::any, "Certificate to show (PEM).");
  members.text("key_file", &MqttConfig::key_file, TextRule::any, "Key of that certificate (PEM).");
  members.text("client_id", &MqttConfig::client_id, TextRule::any, "Client id. Default: `doppel-NODE-SOURCE`.");
  members.duration("keep_alive", &MqttConfig::keep_alive, 3s, 1h,
                   "Longest silence on the connection, a duration: then a ping goes out, and a broker that does not answer counts as gone; the broker "
                   "counts a node as gone after one and a half of it. While the journal takes nothing, a message waits without being acknowledged: for at "
                   "most a third of the keep-alive, then the process ends with 75, and the broker delivers what was not acknowledged again.");
  members.duration("session_expiry", &MqttConfig::session_expiry, 1s, 24h * 365,
                   "How long the broker keeps messages while the node is away.");
  members.boolean("publish", &MqttConfig::publish,
                  "What functions publish goes to this broker. One at most; default: the first. Without any broker a publication becomes a dead "
                  "letter `no_broker`.");
  return made;
}

Section mapping() {
  Section made = repeated<MappingRule>(
      "mapping",
      "How messages of some topics become events; the first that matches counts. Where none does: a JSON object is one "
      "event of the twin named by the whole topic; anything else sets the property named by the topic's last level.",
      [](NodeConfig& c) -> std::vector<MappingRule>& { return edge(c).mapping.rules; });
  Members<MappingRule> members(
      made, [](NodeConfig& c, std::size_t row) -> MappingRule& { return edge(c).mapping.rules[row]; });
  members.text("topic", &MappingRule::topic, TextRule::any,
               "Topics it is for: a filter, a level of which may be named: `plant/{area}/motor/{motor}`. Names that are not "
               "used by `twin` or `property` become labels.")
      .required = true;
  members.text("twin", &MappingRule::twin, TextRule::any,
               "The twin's id: text with `{name}` of a level and `{/pointer}` of the payload. Default: the topic.");
  members.text("model", &MappingRule::model, TextRule::any, "Model of the twins.");
  members.text("property", &MappingRule::property, TextRule::any,
               "Property that a payload sets which is not a JSON object; `{name}` as in `twin`.");
  members.text("time", &MappingRule::time, TextRule::any,
               "Payload pointer to the event's time. Default: the first plausible of ts, time, timestamp, t.");
  members.text("event_id", &MappingRule::event_id, TextRule::any,
               "Payload pointer to an id by which a repeat is known that a device sends: see `repeats.event_ids`.");
  members.text_map("fields", &MappingRule::fields,
                   "Property names and their payload pointers. Default: every field, nested ones joined by `.`.");
  members.choice("format", &MappingRule::format, {"automatic", "text", "bytes"}, "How payloads are read.");
  return made;
}

Section window() {
  Section made =
      repeated<WindowConfig>("window", "A tumbling window of event time. Default: one of a minute, named `1m`.",
                             [](NodeConfig& c) -> std::vector<WindowConfig>& { return edge(c).windows; });
  Members<WindowConfig> members(made,
                                [](NodeConfig& c, std::size_t row) -> WindowConfig& { return edge(c).windows[row]; });
  members.text("name", &WindowConfig::name, TextRule::name, "Name of the window.").required = true;
  members.duration("length", &WindowConfig::length, 1s, 24h * 7, "Length.");
  members.texts("group_by", &WindowConfig::group_by, TextRule::any, "Labels to group by.");
  members.texts("properties", &WindowConfig::properties, TextRule::any,
                "Properties to aggregate, `*` for any run of characters. Only numbers count.");
  return made;
}

Section windows() {
  Section made = section("windows", "What holds for every window.");
  Members<WindowsConfig> members(made,
                                 [](NodeConfig& c, std::size_t) -> WindowsConfig& { return edge(c).window_rules; });
  members.duration("lateness", &WindowsConfig::lateness, 0s, 24h, "How long after its end a window is first sent.");
  members.duration("flush", &WindowsConfig::flush, 0s, 1h,
                   "How often a changed window is sent again; 0 s: its length, at most 60 s.");
  members.duration("retain", &WindowsConfig::retain, 1min, 24h * 31, "How long windows are kept at the edge.");
  members.integer("max_rows", &WindowsConfig::max_rows, 100, 10'000'000, "Most window rows kept.");
  return made;
}

Section journal() {
  Section made = section("journal", "The file that an event is in before it is acknowledged.");
  Members<JournalConfig> members(made, [](NodeConfig& c, std::size_t) -> JournalConfig& { return c.journal; });
  members.choice("sync", &JournalConfig::sync, {"never", "interval", "always"},
                 "When the journal is synced to the disk. A crash of the process loses nothing with any of them.");
  members.duration("sync_interval", &JournalConfig::sync_interval, 1ms, 1min,
                   "With `interval`: the longest stretch that a power cut may take.");
  members.size("segment", &JournalConfig::segment_bytes, 64u << 10, 1u << 30, "Size of one file of the journal.");
  members.size("budget", &JournalConfig::budget_bytes, 1u << 20, std::uint64_t{1} << 40,
               "Most disk the journal may take.");
  members.duration("keep", &JournalConfig::keep, 0s, 24h * 365, "How long records are kept that are in the store.");
  return made;
}

Section store(Role role) {
  Section made = section("store", "The database of twins.");
  Members<StoreConfig> members(made, [](NodeConfig& c, std::size_t) -> StoreConfig& { return c.store; });
  members.duration("commit_interval", &StoreConfig::commit_interval, 100ms, 10min,
                   "How often changed twins are written. The journal holds what is not yet.");
  members.size("commit_bytes", &StoreConfig::commit_bytes, 64u << 10, 1u << 30,
               "Changed bytes that are written without waiting.");
  members.duration("snapshot_interval", &StoreConfig::snapshot_interval, 1min, 24h * 30,
                   "How often the database is copied, so that it can be made again with the journal; also after half of `journal.budget`.");
  if (role == Role::coordinator) return made;
  members.integer("max_twins", &StoreConfig::max_twins, 1, 10'000'000,
                  "Most twins; events of further ones become dead letters.");
  members.integer("max_names", &StoreConfig::max_names, 16, 10'000'000, "Most different property names.");
  return made;
}

Section limits() {
  Section made = section("limits", "What a message may ask for; more becomes a dead letter that says so.");
  Members<DecodeLimits> members(made,
                                [](NodeConfig& c, std::size_t) -> DecodeLimits& { return edge(c).mapping.limits; });
  members.size("payload", &DecodeLimits::payload_bytes, 1u << 10, 256u << 20,
               "Longest payload; at most a quarter of `journal.segment`.");
  members.size("value", &DecodeLimits::value_bytes, 64, 256u << 20, "Longest text, bytes or JSON of one property.");
  members.size("name", &DecodeLimits::name_bytes, 16, 4096, "Longest property name, nested ones joined.");
  members.integer("fields", &DecodeLimits::fields, 1, 65'536, "Most fields of an event.");
  members.integer("depth", &DecodeLimits::depth, 1, 64, "Deepest nesting of JSON.");
  members.duration("future", &DecodeLimits::time_ahead, 0s, 24h * 365,
                   "A device's time further ahead than this is replaced by the arrival.");
  return made;
}

Section repeats() {
  Section made = section("repeats", "What is remembered of the messages of each twin, to drop those that repeat one.");
  Members<RepeatsConfig> members(made, [](NodeConfig& c, std::size_t) -> RepeatsConfig& { return edge(c).repeats; });
  members.integer("topics", &RepeatsConfig::topics, 1, 65'536,
                  "Topics of a twin whose last payload is remembered: a retained message that repeats it is dropped. So many retained "
                  "messages that could not be applied are remembered too.");
  members.integer("event_ids", &RepeatsConfig::event_ids, 0, 1'024,
                  "Last ids of a twin's events (`mapping.event_id`) that are remembered: a message with one of them is dropped.");
  members.duration("event_id_age", &RepeatsConfig::event_id_age, 1s, 24h * 365, "How long such an id is remembered.");
  return made;
}

Section functions() {
  Section made = section("functions", "Ceilings over what functions ask for in their manifests.");
  Members<FunctionsConfig> members(made,
                                   [](NodeConfig& c, std::size_t) -> FunctionsConfig& { return edge(c).functions; });
  members.integer("max_functions", &FunctionsConfig::max_functions, 0, 100'000, "Most functions.");
  members.integer("max_fuel", &FunctionsConfig::max_fuel, 1'000, std::uint64_t{1} << 40, "Most fuel for one event.");
  members.size("max_memory", &FunctionsConfig::max_memory_bytes, 64u << 10, 1u << 30, "Most memory of an instance.");
  members.size("max_output", &FunctionsConfig::max_output_bytes, 1u << 10, 64u << 20, "Most effects of a run.");
  members.size("max_module", &FunctionsConfig::max_module_bytes, 1u << 10, 256u << 20, "Largest module.");
  members.integer("failure_fuel", &FunctionsConfig::failure_fuel, 1'000'000, std::uint64_t{1} << 40,
                  "Fuel that failing runs of a function may burn in a minute before it is quarantined.");
  members.size("max_held", &FunctionsConfig::max_held_bytes, 64u << 10, 1u << 30,
               "Most events held for functions that do not run now; more become dead letters.");
  members.integer("max_unpublished", &FunctionsConfig::max_unpublished, 100, 10'000'000,
                  "Most publications of functions that wait for the broker; beyond it the oldest are dropped, counted and said in the log.");
  members.boolean("allow_loop", &FunctionsConfig::allow_loop,
                  "Lets functions publish on topics that the node subscribes to at an MQTT 3.1.1 broker, where they come back as messages. At an MQTT 5 broker they do not.");
  return made;
}

Section uplink() {
  Section made = section("uplink", "The way to the coordinator.");
  Members<UplinkConfig> members(made, [](NodeConfig& c, std::size_t) -> UplinkConfig& { return edge(c).uplink; });
  members.text("address", &UplinkConfig::address, TextRule::tcp_url, "The coordinator. Default: none.");
  members.text("key_file", &UplinkConfig::key_file, TextRule::any,
               "This edge's CURVE key pair. Default: `uplink.key` in the data folder, made when absent.");
  members.text("coordinator_key", &UplinkConfig::coordinator_key, TextRule::curve_key,
               "The coordinator's public key; needed where the coordinator is not on loopback.");
  members.texts("twins", &UplinkConfig::twins, TextRule::topic_filter,
                "Twins whose latest values the coordinator gets, as filters over their ids.");
  members.integer("backlog_rows", &UplinkConfig::backlog_rows, 0, 20'000'000,
                  "Most window rows, and as many rows of twins and alerts, that wait for a coordinator that is away; beyond it the oldest go, "
                  "counted. 0: twice `windows.max_rows`.");
  return made;
}

Section log() {
  Section made = section("log", "What is said on standard error.");
  Members<LogConfig> members(made, [](NodeConfig& c, std::size_t) -> LogConfig& { return c.log; });
  members.choice("level", &LogConfig::level, {"debug", "info", "warning", "error"}, "Least level that is said.");
  members.choice("format", &LogConfig::format, {"text", "json"}, "How a line looks.");
  return made;
}

Section fleet() {
  Section made = section("fleet", "Where edges connect.");
  Members<FleetConfig> members(made, [](NodeConfig& c, std::size_t) -> FleetConfig& { return coordinator(c).fleet; });
  members.text("bind", &FleetConfig::bind, TextRule::tcp_url,
               "Address to listen on. Other than loopback needs `key_file` and at least one [[allow]].");
  members.text("key_file", &FleetConfig::key_file, TextRule::any,
               "The coordinator's CURVE key pair, made when absent. Default: none, unencrypted.");
  members.duration("retain", &FleetConfig::retain, 1h, 24h * 3650,
                   "How long the parts of a window are kept for each edge; older ones are folded and frozen.");
  members.integer("max_edges", &FleetConfig::max_edges, 1, 1'000'000, "Most edges.");
  return made;
}

Section allow() {
  Section made = repeated<AllowedEdge>("allow", "An edge that may connect. Default: every edge, on loopback only.",
                                       [](NodeConfig& c) -> std::vector<AllowedEdge>& { return coordinator(c).allow; });
  Members<AllowedEdge> members(
      made, [](NodeConfig& c, std::size_t row) -> AllowedEdge& { return coordinator(c).allow[row]; });
  members.text("edge", &AllowedEdge::edge, TextRule::name, "Name of the edge.").required = true;
  members.text("key", &AllowedEdge::key, TextRule::curve_key, "Its public key.").required = true;
  return made;
}

}  // namespace

std::span<const Section> setting_table(Role role) {
  static const std::array<Section, 13> edge_table{top(Role::edge), http(),   mqtt(),   mapping(),
                                                  window(),        windows(), limits(), repeats(), functions(),
                                                  uplink(),        journal(), store(Role::edge), log()};
  static const std::array<Section, 7> coordinator_table{
      top(Role::coordinator), http(), fleet(), allow(), journal(), store(Role::coordinator), log()};
  if (role == Role::edge) return edge_table;
  return coordinator_table;
}

std::string setting_path(const Section& section, const Setting& setting) {
  if (section.name.empty()) return std::string(setting.key);
  return std::string(section.name) + "." + std::string(setting.key);
}

}  // namespace doppel

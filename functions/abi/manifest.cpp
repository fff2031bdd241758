#include "functions/abi/manifest.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>
#include <span>

#include "functions/abi/names.h"
#include "functions/abi/quantity.h"
#include "twin_store/toml/toml.h"

namespace doppel {
namespace {

constexpr std::size_t kMaxColumns = 64;
constexpr std::size_t kMaxEntries = 64;  // of each other list

struct Range {
  std::uint64_t least;
  std::uint64_t most;
};
constexpr Range kStateBytes{0, 65'536};
constexpr Range kStateVersion{1, 0xffff'ffff};
constexpr Range kFuel{1'000, 10'000'000'000};
constexpr Range kMemory{64u << 10, 64u << 20};
constexpr Range kOutput{1u << 10, 16u << 20};
constexpr Range kRunEvents{1, 65'536};

// "5,000,000"
std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

bool is_version(std::string_view text) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '+' || c == '_';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
}

bool is_function_name(std::string_view text) { return is_name(text) && text[0] >= 'a' && text[0] <= 'z'; }
bool is_plain_name(std::string_view text) { return is_printable(text, kMaxNameBytes); }

// Reads one manifest and collects everything that is wrong with it.
class Reader {
 public:
  Result<Manifest> read(const TomlNode& root);

 private:
  using Accepts = bool (*)(std::string_view);

  void wrong(const TomlNode& at, const std::string& what) {
    problems_.push_back({at.line, "function.toml:" + std::to_string(at.line) + ": " + what});
  }
  void missing(const std::string& what) { problems_.push_back({0, "function.toml: " + what}); }

  void refuse_unknown(const TomlNode& table, const std::string& where, std::span<const std::string_view> known);
  std::optional<std::string> text(const TomlNode& table, const std::string& key, Accepts accepts, const char* wanted);
  std::optional<bool> boolean(const TomlNode& table, const std::string& key);
  void quantity(const TomlNode& table, const std::string& where, const char* key, Range range,
                const std::function<void(std::uint64_t)>& store);
  std::vector<std::string> texts(const TomlNode& node, const std::string& name, Accepts accepts, const char* wanted);
  const TomlNode* table(const TomlNode& root, const char* key);

  void read_identity(const TomlNode& root);
  void read_columns(const TomlNode& root, const char* key, bool of_twin_allowed, std::vector<ColumnSpec>& columns);
  void read_column(const TomlNode& node, const char* key, bool of_twin_allowed, std::vector<ColumnSpec>& columns);
  void read_state(const TomlNode& root);
  void read_triggers(const TomlNode& root);
  void read_trigger(const TomlNode& trigger);
  void read_limits(const TomlNode& root);
  void read_grants(const TomlNode& root);
  void read_config(const TomlNode& root);

  struct Problem {
    std::uint32_t line;
    std::string text;
  };
  Manifest manifest_;
  std::vector<Problem> problems_;
};

Result<Manifest> Reader::read(const TomlNode& root) {
  constexpr std::string_view kKnown[] = {"name",    "version", "reads",  "writes", "state_bytes", "state_version", "on_state_change",
                                         "payload", "trigger", "limits", "grants", "config"};
  refuse_unknown(root, "", kKnown);
  read_identity(root);
  read_columns(root, "reads", true, manifest_.reads);
  read_columns(root, "writes", false, manifest_.writes);
  read_state(root);
  if (const auto payload = boolean(root, "payload")) manifest_.wants_payload = *payload;
  read_triggers(root);
  read_limits(root);
  read_grants(root);
  read_config(root);
  if (problems_.empty()) return std::move(manifest_);

  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) { return a.line < b.line; });
  std::string all;
  for (const Problem& problem : problems_) all += (all.empty() ? "" : "\n") + problem.text;
  return invalid_input(all);
}

void Reader::refuse_unknown(const TomlNode& table, const std::string& where, std::span<const std::string_view> known) {
  for (const auto& [key, node] : *table.as<TomlNode::Table>()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (const auto name : known) list += (list.empty() ? "" : ", ") + std::string(name);
    wrong(node, "unknown key " + where + key + "; known here: " + list);
  }
}

std::optional<std::string> Reader::text(const TomlNode& table, const std::string& key, Accepts accepts, const char* wanted) {
  const TomlNode* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as<std::string>();
  if (value && accepts(*value)) return *value;
  wrong(*node, key + " = " + shown(*node) + " is not " + wanted);
  return std::nullopt;
}

std::optional<bool> Reader::boolean(const TomlNode& table, const std::string& key) {
  const TomlNode* node = table.get(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as<bool>()) return *value;
  wrong(*node, key + " = " + shown(*node) + " is not true or false");
  return std::nullopt;
}

void Reader::quantity(const TomlNode& table, const std::string& where, const char* key, Range range,
                      const std::function<void(std::uint64_t)>& store) {
  const TomlNode* node = table.get(key);
  if (node == nullptr) return;
  std::optional<std::uint64_t> value;
  if (const auto* integer = node->as<std::int64_t>(); integer && *integer >= 0) value = static_cast<std::uint64_t>(*integer);
  if (const auto* written = node->as<std::string>()) value = parse_quantity(*written);
  if (value && *value >= range.least && *value <= range.most) return store(*value);
  wrong(*node, where + key + " = " + shown(*node) + " is not a quantity from " + grouped(range.least) + " to " + grouped(range.most) +
                   " (as in 5000, \"5K\", \"1MiB\")");
}

std::vector<std::string> Reader::texts(const TomlNode& node, const std::string& name, Accepts accepts, const char* wanted) {
  std::vector<std::string> out;
  const auto* list = node.as<TomlNode::Array>();
  if (list == nullptr) return wrong(node, name + " = " + shown(node) + " is not a list"), out;
  if (list->size() > kMaxEntries) wrong(node, name + " has " + std::to_string(list->size()) + " entries, at most 64 are allowed");
  for (const TomlNode& entry : *list) {
    const auto* value = entry.as<std::string>();
    if (value && accepts(*value)) out.push_back(*value);
    else wrong(entry, shown(entry) + " in " + name + " is not " + wanted);
  }
  return out;
}

const TomlNode* Reader::table(const TomlNode& root, const char* key) {
  const TomlNode* node = root.get(key);
  if (node == nullptr || node->as<TomlNode::Table>()) return node;
  wrong(*node, std::string(key) + " = " + shown(*node) + " is not a table");
  return nullptr;
}

void Reader::read_identity(const TomlNode& root) {
  if (root.get("name") == nullptr) missing("name is missing, as in name = \"overheat\"");
  if (root.get("version") == nullptr) missing("version is missing, as in version = \"1.0.0\"");
  if (const auto name = text(root, "name", is_function_name, "1 to 63 of a-z, 0-9, - and _ that begin with a letter")) {
    manifest_.name = FunctionName(*name);
  }
  if (const auto version = text(root, "version", is_version, "1 to 64 letters, digits, dots, - + or _")) manifest_.version = *version;
}

void Reader::read_columns(const TomlNode& root, const char* key, bool of_twin_allowed, std::vector<ColumnSpec>& columns) {
  const TomlNode* node = root.get(key);
  if (node == nullptr) return;
  const auto* list = node->as<TomlNode::Array>();
  if (list == nullptr) return wrong(*node, std::string(key) + " = " + shown(*node) + " is not a list");
  if (list->size() > kMaxColumns) {
    wrong(*node, std::string(key) + " has " + std::to_string(list->size()) + " entries, at most 64 are allowed");
  }
  for (const TomlNode& entry : *list) read_column(entry, key, of_twin_allowed, columns);
}

// "NAME: TYPE" or "twin.NAME: TYPE".
void Reader::read_column(const TomlNode& node, const char* key, bool of_twin_allowed, std::vector<ColumnSpec>& columns) {
  constexpr std::pair<std::string_view, ValueKind> kTypes[] = {
      {"f64", ValueKind::number}, {"i64", ValueKind::integer}, {"bool", ValueKind::boolean}, {"string", ValueKind::text}};
  const auto* text = node.as<std::string>();
  const std::string written = text ? *text : "";
  const std::size_t colon = written.rfind(": ");
  const std::string type = colon == std::string::npos ? "" : written.substr(colon + 2);
  const auto known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& entry) { return entry.first == type; });
  ColumnSpec column;
  column.name = colon == std::string::npos ? "" : written.substr(0, colon);
  column.of_twin = column.name.starts_with("twin.");
  if (column.of_twin) column.name.erase(0, 5);

  const std::string where = shown(node) + " in " + key;
  if (known == std::end(kTypes)) return wrong(node, where + " is not \"NAME: TYPE\" with a type of f64, i64, bool, string");
  if (!is_plain_name(column.name)) return wrong(node, where + ": a name has 1 to 256 bytes without control characters");
  if (column.of_twin && !of_twin_allowed) return wrong(node, where + ": a function writes only its own twin, leave out \"twin.\"");
  const auto same = [&](const ColumnSpec& other) { return other.name == column.name && other.of_twin == column.of_twin; };
  if (std::any_of(columns.begin(), columns.end(), same)) return wrong(node, where + " is there twice");
  column.type = known->second;
  columns.push_back(std::move(column));
}

void Reader::read_state(const TomlNode& root) {
  quantity(root, "", "state_bytes", kStateBytes, [&](std::uint64_t v) { manifest_.state_bytes = static_cast<std::uint32_t>(v); });
  quantity(root, "", "state_version", kStateVersion,
           [&](std::uint64_t v) { manifest_.state_version = static_cast<std::uint32_t>(v); });
  const auto is_reaction = [](std::string_view word) { return word == "refuse" || word == "reset"; };
  const auto reaction = text(root, "on_state_change", is_reaction, "\"refuse\" or \"reset\"");
  manifest_.reset_state_on_change = reaction == "reset";
}

void Reader::read_triggers(const TomlNode& root) {
  const TomlNode* node = root.get("trigger");
  if (node == nullptr) return missing("no trigger, so it would never run: add [[trigger]] with topic, twin_change, event or alarm");
  const auto* list = node->as<TomlNode::Array>();
  if (list == nullptr || list->empty()) return wrong(*node, "trigger = " + shown(*node) + " is not a list: write [[trigger]]");
  if (list->size() > kMaxEntries) wrong(*node, "more than 64 triggers");
  for (const TomlNode& entry : *list) {
    if (entry.as<TomlNode::Table>()) read_trigger(entry);
    else wrong(entry, "a trigger is a table: write [[trigger]]");
  }
}

void Reader::read_trigger(const TomlNode& trigger) {
  constexpr std::string_view kKinds[] = {"topic", "twin_change", "event", "alarm"};
  refuse_unknown(trigger, "trigger.", kKinds);
  if (trigger.as<TomlNode::Table>()->size() != 1) wrong(trigger, "a trigger has exactly one of topic, twin_change, event, alarm");
  if (auto filter = text(trigger, "topic", is_topic_filter, "an MQTT topic filter")) manifest_.topics.push_back({std::move(*filter)});
  if (const TomlNode* node = trigger.get("twin_change")) {
    manifest_.on_twin_change = true;
    for (auto& name : texts(*node, "twin_change", is_plain_name, "a property name"))
      manifest_.change_properties.push_back(std::move(name));
  }
  if (auto name = text(trigger, "event", is_plain_name, "an event name")) manifest_.emitted.push_back(std::move(*name));
  if (auto name = text(trigger, "alarm", is_plain_name, "an alarm name")) manifest_.alarms.push_back(std::move(*name));
}

void Reader::read_limits(const TomlNode& root) {
  if (const TomlNode* limits = table(root, "limits")) {
    constexpr std::string_view kKnown[] = {"fuel", "memory", "output", "run_events"};
    refuse_unknown(*limits, "limits.", kKnown);
    FunctionLimits& out = manifest_.limits;
    quantity(*limits, "limits.", "fuel", kFuel, [&](std::uint64_t v) { out.fuel = v; });
    quantity(*limits, "limits.", "memory", kMemory, [&](std::uint64_t v) { out.memory_bytes = static_cast<std::uint32_t>(v); });
    quantity(*limits, "limits.", "output", kOutput, [&](std::uint64_t v) { out.output_bytes = static_cast<std::uint32_t>(v); });
    quantity(*limits, "limits.", "run_events", kRunEvents, [&](std::uint64_t v) { out.run_events = static_cast<std::uint32_t>(v); });
  }
  if (const std::uint64_t least = 4ull * manifest_.state_bytes; manifest_.limits.memory_bytes < least) {
    missing("limits.memory = " + grouped(manifest_.limits.memory_bytes) + " is less than four times state_bytes, " + grouped(least));
  }
}

void Reader::read_grants(const TomlNode& root) {
  const TomlNode* grants = table(root, "grants");
  if (grants == nullptr) return;
  constexpr std::string_view kKnown[] = {"publish", "send", "http"};
  refuse_unknown(*grants, "grants.", kKnown);
  const auto list = [&](const char* key, Accepts accepts, const char* wanted) {
    const TomlNode* node = grants->get(key);
    return node == nullptr ? std::vector<std::string>{} : texts(*node, std::string("grants.") + key, accepts, wanted);
  };
  manifest_.grants.publish = list("publish", is_topic_filter, "an MQTT topic filter");
  manifest_.grants.send = list("send", is_topic_filter, "a filter over twin ids, as for topics");
  manifest_.grants.http = list("http", is_http_url, "an http or https URL with a '/' after the host");
}

void Reader::read_config(const TomlNode& root) {
  const TomlNode* config = table(root, "config");
  if (config == nullptr) return;
  const auto& entries = *config->as<TomlNode::Table>();
  if (entries.size() > kMaxEntries) wrong(*config, "config has more than 64 entries");
  for (const auto& [name, node] : entries) {
    auto value = scalar_of(node);
    if (value && is_plain_name(name)) manifest_.config.emplace_back(name, std::move(*value));
    else wrong(node, "config." + name + " = " + shown(node) + " is not a string, number or boolean under a name of 1 to 256 bytes");
  }
  std::sort(manifest_.config.begin(), manifest_.config.end(),  // the order a function sees
            [](const auto& a, const auto& b) { return a.first < b.first; });
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view toml) {
  if (toml.size() > kMaxManifestBytes) {
    return invalid_input("function.toml: " + std::to_string(toml.size()) + " bytes, at most 65,536 are allowed");
  }
  const auto root = parse_toml(toml);
  if (!root) return invalid_input("function.toml:" + root.error().message);
  return Reader().read(*root);
}

Result<void> check_is_performed(const Manifest& manifest) {
  if (manifest.grants.http.empty()) return {};
  return invalid_input("function.toml: grants.http = [\"" + manifest.grants.http.front() + "\"]: this version of doppel makes no HTTP calls for functions; leave it out");
}

}  // namespace doppel

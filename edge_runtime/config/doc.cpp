#include "edge_runtime/config/doc.h"

#include "twin_store/model/value.h"

namespace doppel {
namespace {

std::string heading(const Section& section) {
  if (section.name.empty()) return {};
  const std::string name(section.name);
  return section.repeated ? "[[" + name + "]]" : "[" + name + "]";
}

// Vertical bars would end a cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string default_cell(const Setting& setting, const NodeConfig& config) {
  if (setting.required) return "needed";
  const SettingValue value = setting.read(config, 0);
  return is_unset(value) ? "" : "`" + cell(toml_text(setting, value)) + "`";
}

void append_rows(std::string& out, const Section& section, std::size_t row, const NodeConfig& config) {
  for (const Setting& setting : section.settings) {
    const SettingValue value = setting.read(config, row);
    if (is_unset(value)) continue;
    out += std::string(setting.key) + " = " + toml_text(setting, value) + "\n";
  }
}

// A configuration of a role as it is when nothing is given, with a row of every repeated section.
class Defaults {
 public:
  explicit Defaults(Role role) : config_(role == Role::edge ? static_cast<NodeConfig&>(edge_) : coordinator_) {
    for (const Section& section : setting_table(role)) {
      if (section.repeated && section.row_count(config_) == 0) section.add_row(config_);
    }
  }
  const NodeConfig& config() const { return config_; }

 private:
  EdgeConfig edge_;
  CoordinatorConfig coordinator_;
  NodeConfig& config_;
};

void append_member(std::string& json, std::string_view name, std::string_view value) {
  if (!json.ends_with('{')) json += ',';
  append_json_string(json, name);
  json += ':';
  json += value;
}

std::string json_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

void append_settings(std::string& json, const Section& section, std::size_t row, const NodeConfig& config) {
  for (const Setting& setting : section.settings) append_member(json, setting.key, json_text(setting, setting.read(config, row)));
}

std::string section_json(const Section& section, std::size_t row, const NodeConfig& config) {
  std::string json = "{";
  append_settings(json, section, row, config);
  return json + '}';
}

}  // namespace

std::string_view example_toml(Role role) {
  if (role == Role::coordinator) {
    return R"(name = "fleet"

[fleet]
bind = "tcp://127.0.0.1:7090"
retain = "7 d"
)";
  }
  return R"(name = "north"
region = "emea"

[[mqtt]]
url = "mqtt://127.0.0.1:1883"
topics = ["plant/#"]

# plant/hall-2/motor/7 {"measured_at": "2026-03-01T12:00:00Z", "values": {"temp": 20.5}}
[[mapping]]
topic = "plant/{area}/motor/{motor}"
twin = "{area}/motor-{motor}"
time = "/measured_at"
fields = { temperature = "/values/temp" }

[[window]]
name = "5m"
length = "5 min"
group_by = ["area"]
properties = ["temperature"]

[uplink]
address = "tcp://127.0.0.1:7090"
twins = ["#"]
)";
}

std::string setting_reference(Role role) {
  std::string out = role == Role::edge ? "# Settings of an edge\n" : "# Settings of a coordinator\n";
  out += "\nAn example:\n\n```toml\n" + std::string(example_toml(role)) + "```\n";
  const Defaults defaults(role);
  for (const Section& section : setting_table(role)) {
    out += "\n## " + (section.name.empty() ? std::string("Top of the file") : "`" + heading(section) + "`") + "\n\n" +
           std::string(section.help) + "\n\n| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n";
    for (const Setting& setting : section.settings) {
      out += "| `" + std::string(setting.key) + "` | " + default_cell(setting, defaults.config()) + " | " +
             cell(allowed_values(setting)) + " | " + cell(setting.help) + " |\n";
    }
  }
  return out;
}

std::string setting_reference_json(Role role) {
  const Defaults defaults(role);
  std::string out = "[";
  for (const Section& section : setting_table(role)) {
    for (const Setting& setting : section.settings) {
      std::string one = "{";
      append_member(one, "setting", json_string(setting_path(section, setting)));
      append_member(one, "repeated", section.repeated ? "true" : "false");
      append_member(one, "required", setting.required ? "true" : "false");
      append_member(one, "default", setting.required ? "null" : json_text(setting, setting.read(defaults.config(), 0)));
      append_member(one, "allowed", json_string(allowed_values(setting)));
      append_member(one, "help", json_string(setting.help));
      out += (out.size() > 1 ? "," : "") + one + '}';
    }
  }
  return out + ']';
}

std::string effective_toml(Role role, const NodeConfig& config) {
  std::string out;
  for (const Section& section : setting_table(role)) {
    const std::size_t rows = section.repeated ? section.row_count(config) : 1;
    for (std::size_t row = 0; row < rows; ++row) {
      if (!out.empty()) out += "\n";
      if (!section.name.empty()) out += heading(section) + "\n";
      append_rows(out, section, row, config);
    }
  }
  return out;
}

std::string effective_json(Role role, const NodeConfig& config) {
  std::string out = "{";
  for (const Section& section : setting_table(role)) {
    if (section.name.empty()) {
      append_settings(out, section, 0, config);
    } else if (!section.repeated) {
      append_member(out, section.name, section_json(section, 0, config));
    } else {
      std::string rows = "[";
      for (std::size_t row = 0; row < section.row_count(config); ++row) rows += (row > 0 ? "," : "") + section_json(section, row, config);
      append_member(out, section.name, rows + ']');
    }
  }
  return out + '}';
}

}  // namespace doppel

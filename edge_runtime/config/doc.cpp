#include "edge_runtime/config/doc.h"

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

bool is_unset(const SettingValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  const auto* entries = std::get_if<TextMap>(&value);
  return std::holds_alternative<std::monostate>(value) || (text && text->empty()) || (entries && entries->empty());
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
  EdgeConfig edge;
  CoordinatorConfig coordinator;
  NodeConfig& config = role == Role::edge ? static_cast<NodeConfig&>(edge) : coordinator;
  for (const Section& section : setting_table(role)) {
    if (section.repeated && section.row_count(config) == 0) section.add_row(config);
    out += "\n## " + (section.name.empty() ? std::string("Top of the file") : "`" + heading(section) + "`") + "\n\n" +
           std::string(section.help) + "\n\n| key | default | allowed | meaning |\n| --- | --- | --- | --- |\n";
    for (const Setting& setting : section.settings) {
      out += "| `" + std::string(setting.key) + "` | " + default_cell(setting, config) + " | " +
             cell(allowed_values(setting)) + " | " + cell(setting.help) + " |\n";
    }
  }
  return out;
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

}  // namespace doppel

// The one table of settings. Loader, error texts, `config doc` and `config show` are all made from it; defaults are those
// of the structs in settings.h.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "edge_runtime/config/settings.h"

namespace doppel {

enum class Role : std::uint8_t { edge, coordinator };
inline std::string_view to_string(Role role) { return role == Role::edge ? "edge" : "coordinator"; }

enum class SettingKind : std::uint8_t {
  boolean,
  integer,      // std::uint64_t
  duration,     // text with a unit: "100 ms"
  size,         // text with a unit: "16 MiB"; bytes
  text,
  choice,       // one of `choices`, kept as its index
  texts,        // array of text
  text_map,     // table of text by name
  coordinates,  // [longitude, latitude] in degrees
};

using TextMap = std::vector<std::pair<std::string, std::string>>;
// boolean; integer, size and choice; duration; text; texts; text_map; coordinates (monostate: not set).
using SettingValue = std::variant<std::monostate, bool, std::uint64_t, Duration, std::string, std::vector<std::string>,
                                  TextMap, std::array<double, 2>>;

// What a text has to look like; a range for numbers.
enum class TextRule : std::uint8_t { any, name, topic_filter, mqtt_url, tcp_url, curve_key };

struct Setting {
  std::string_view key;
  SettingKind kind;
  std::string_view help;
  std::uint64_t least = 0, most = 0;  // integer; size in bytes; duration in ns; texts: each text's rule applies
  TextRule rule = TextRule::any;
  bool required = false;
  std::vector<std::string_view> choices;
  // `row` is 0 but in repeated sections.
  std::function<SettingValue(const NodeConfig&, std::size_t row)> read;
  std::function<void(NodeConfig&, std::size_t row, const SettingValue&)> write;
};

struct Section {
  std::string_view name;  // "" : the top of the file
  std::string_view help;
  bool repeated = false;  // [[name]]
  std::vector<Setting> settings;
  // Repeated sections only.
  std::function<std::size_t(const NodeConfig&)> row_count;
  std::function<void(NodeConfig&)> add_row;
  std::function<void(NodeConfig&)> clear_rows;
};

// Sections in the order in which they are documented.
std::span<const Section> setting_table(Role role);

// "journal.sync_interval"; just the key at the top of the file.
std::string setting_path(const Section& section, const Setting& setting);

// "1 ms to 1 min", "never | interval | always", "tcp://HOST:PORT"; "" where anything goes.
std::string allowed_values(const Setting& setting);

// As it stands in a file: "100 ms" in quotes, true, ["#"].
std::string toml_text(const Setting& setting, const SettingValue& value);
// The same value as JSON: "100 ms" in quotes, true, ["#"], {"name": "/pointer"}; null for one that is not set.
std::string json_text(const Setting& setting, const SettingValue& value);
// Nothing is set: no text, no entries, no coordinates.
bool is_unset(const SettingValue& value);

}  // namespace doppel

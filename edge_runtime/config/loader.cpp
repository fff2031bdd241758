#include "edge_runtime/config/loader.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "edge_runtime/config/checks.h"
#include "edge_runtime/config/problems.h"
#include "edge_runtime/config/setting_table.h"
#include "edge_runtime/config/setting_value.h"
#include "edge_runtime/config/suggest.h"
#include "twin_store/toml/toml.h"

namespace doppel {
namespace {

using Table = TomlNode::Table;
using Array = TomlNode::Array;

Place place_of(const TomlNode& node) { return {static_cast<int>(node.line), ""}; }

const Section* find_section(Role role, std::string_view name) {
  for (const Section& section : setting_table(role)) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

const Setting* find_setting(const Section& section, std::string_view key) {
  for (const Setting& setting : section.settings) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

Role other(Role role) { return role == Role::edge ? Role::coordinator : Role::edge; }

std::string belongs_to(Role role) {
  return role == Role::edge ? "belongs in an edge's configuration" : "belongs in a coordinator's configuration";
}

std::optional<double> number(const TomlNode& node) {
  const auto scalar = scalar_of(node);
  return scalar ? scalar->view().as_number() : std::nullopt;
}

bool is_array_of_tables(const TomlNode& node) {
  const auto* array = node.as<Array>();
  const auto is_table = [](const TomlNode& item) { return item.as<Table>() != nullptr; };
  return array && !array->empty() && std::all_of(array->begin(), array->end(), is_table);
}

// The value as the setting's kind has it, ranges unchecked.
Result<SettingValue> typed_value(const Setting& setting, const TomlNode& node) {
  const auto wrong = [&](std::string_view what) { return invalid_input(std::string(what) + allowed_clause(setting)); };
  switch (setting.kind) {
    case SettingKind::boolean:
      if (const auto* value = node.as<bool>()) return SettingValue(*value);
      return wrong("not true or false");
    case SettingKind::integer:
      if (const auto* value = node.as<std::int64_t>()) {
        if (*value < 0) return wrong("out of range");
        return SettingValue(static_cast<std::uint64_t>(*value));
      }
      return wrong("not a whole number");
    case SettingKind::duration:
    case SettingKind::size:
    case SettingKind::choice:
    case SettingKind::text:
      if (const auto* value = node.as<std::string>()) return parse_setting(setting, *value);
      if (setting.kind == SettingKind::duration) return wrong("not a duration such as \"100 ms\"");
      if (setting.kind == SettingKind::size) return wrong("not a size such as \"16 MiB\"");
      return wrong("not text in quotes");
    case SettingKind::texts: {
      std::vector<std::string> texts;
      const auto* array = node.as<Array>();
      if (!array) return wrong("not an array of texts");
      for (const TomlNode& item : *array) {
        const auto* text = item.as<std::string>();
        if (!text) return wrong("not an array of texts");
        texts.push_back(*text);
      }
      return SettingValue(std::move(texts));
    }
    case SettingKind::text_map: {
      TextMap entries;
      const auto* table = node.as<Table>();
      if (!table) return wrong("not a table of texts");
      for (const auto& [name, item] : *table) {
        const auto* text = item.as<std::string>();
        if (!text) return wrong("not a table of texts");
        entries.emplace_back(name, *text);
      }
      std::sort(entries.begin(), entries.end());  // the same whatever the order of the lines
      return SettingValue(std::move(entries));
    }
    case SettingKind::coordinates: {
      const auto* array = node.as<Array>();
      if (!array || array->size() != 2) return wrong("not two numbers");
      const auto longitude = number((*array)[0]), latitude = number((*array)[1]);
      if (!longitude || !latitude) return wrong("not two numbers");
      return SettingValue(std::array{*longitude, *latitude});
    }
  }
  return internal_error("a setting of no kind");
}

// Reads one file and the flags into one configuration.
class Loading {
 public:
  Loading(Role role, NodeConfig& config, Problems& problems) : role_(role), config_(config), problems_(problems) {}

  void read_file(const TomlNode& root) {
    read_settings(*find_section(role_, ""), 0, root);
    for (const auto& [name, node] : *root.as<Table>()) {
      if (const Section* section = find_section(role_, name); section && !name.empty()) {
        read_section(*section, node);
      } else if (!find_setting(*find_section(role_, ""), name)) {
        add_unknown(name, node);
      }
    }
  }

  void apply(const std::vector<Override>& overrides) {
    for (const Override& given : overrides) {
      const auto dot = given.setting.find('.');
      const bool top = dot == std::string::npos;
      const Section* section = find_section(role_, top ? "" : given.setting.substr(0, dot));
      const Setting* setting = section ? find_setting(*section, top ? given.setting : given.setting.substr(dot + 1)) : nullptr;
      const Place place{0, given.flag};
      if (!setting) {
        problems_.add(place, "unknown setting \"" + given.setting + "\"" + did_you_mean(given.setting, known_paths()));
        continue;
      }
      const std::size_t row = section->repeated ? section->row_count(config_) : 0;
      if (section->repeated) section->add_row(config_);
      problems_.note(section->name, row, "", place);
      const auto value = parse_setting(*setting, given.value);
      take(*section, *setting, row, place, "\"" + given.value + "\"", value);
    }
  }

 private:
  void read_section(const Section& section, const TomlNode& node) {
    if (!section.repeated) {
      if (node.as<Table>()) {
        problems_.note(section.name, 0, "", place_of(node));
        return read_settings(section, 0, node);
      }
      return problems_.add(place_of(node), "[" + std::string(section.name) + "] must be a table, once");
    }
    if (!is_array_of_tables(node)) {
      return problems_.add(place_of(node), "[[" + std::string(section.name) + "]] has double brackets: it may be repeated");
    }
    section.clear_rows(config_);
    std::size_t row = 0;
    for (const TomlNode& table : *node.as<Array>()) {
      section.add_row(config_);
      problems_.note(section.name, row, "", place_of(table));
      read_settings(section, row++, table);
    }
  }

  // What is unknown at the top of the file may be a section: read_file looks at those.
  void read_settings(const Section& section, std::size_t row, const TomlNode& table) {
    for (const Setting& setting : section.settings) {
      const TomlNode* node = table.get(setting.key);
      if (node) {
        const auto value = typed_value(setting, *node);
        take(section, setting, row, place_of(*node), shown(*node), value);
      } else if (setting.required) {
        problems_.add_unusable(section.name, row, setting.key, place_of(table),
                               setting_path(section, setting) + " is missing" + allowed_clause(setting));
      }
    }
    if (section.name.empty()) return;
    for (const auto& [key, node] : *table.as<Table>()) {
      if (!find_setting(section, key)) add_unknown(std::string(section.name) + "." + key, node);
    }
  }

  void take(const Section& section, const Setting& setting, std::size_t row, const Place& place,
            const std::string& shown, const Result<SettingValue>& value) {
    problems_.note(section.name, row, setting.key, place);
    std::string wrong;
    if (!value) {
      wrong = value.error().message;
    } else if (const auto breach = breach_of(setting, *value)) {
      wrong = *breach;
    } else {
      return setting.write(config_, row, *value);
    }
    problems_.add_unusable(section.name, row, setting.key, place,
                           setting_path(section, setting) + " = " + shown + ": " + wrong);
  }

  void add_unknown(std::string_view path, const TomlNode& node) {
    const bool is_section = path.find('.') == std::string_view::npos && (node.as<Table>() || is_array_of_tables(node));
    const std::string shown = is_section ? "section [" + std::string(path) + "]" : "key \"" + std::string(path) + "\"";
    if (belongs_to_other(path)) return problems_.add(place_of(node), shown + " " + belongs_to(other(role_)));
    problems_.add(place_of(node), "unknown " + shown + did_you_mean(path, is_section ? known_sections() : known_paths()));
  }

  bool belongs_to_other(std::string_view path) const {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) {
      return find_section(other(role_), path) || find_setting(*find_section(other(role_), ""), path);
    }
    const Section* section = find_section(other(role_), path.substr(0, dot));
    return section && find_setting(*section, path.substr(dot + 1));
  }

  std::vector<std::string> known_sections() const {
    std::vector<std::string> names;
    for (const Section& section : setting_table(role_)) names.emplace_back(section.name);
    return names;
  }

  std::vector<std::string> known_paths() const {
    std::vector<std::string> paths;
    for (const Section& section : setting_table(role_)) {
      for (const Setting& setting : section.settings) paths.push_back(setting_path(section, setting));
    }
    return paths;
  }

  Role role_;
  NodeConfig& config_;
  Problems& problems_;
};

template <class Config>
Result<Config> load(Role role, const ConfigSource& source) {
  const auto root = parse_toml(source.toml);
  if (!root) return invalid_input(source.file + ":" + root.error().message);
  Config config;
  Problems problems(source.file);
  Loading loading(role, config, problems);
  loading.read_file(*root);
  loading.apply(source.overrides);
  fill_defaults(config, source.host);
  check(config, problems);
  if (!problems.empty()) return problems.error();
  return config;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

HostDefaults host_defaults() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  std::string data_root = environment("XDG_DATA_HOME");
  if (data_root.empty()) data_root = environment("HOME") + "/.local/share";
  return {.name = host.data(), .data = environment("DOPPEL_DATA"), .data_root = data_root + "/doppel"};
}

Result<ConfigSource> read_config_source(const std::string& file) {
  ConfigSource source{.file = file, .toml = {}, .overrides = {}, .host = host_defaults()};
  if (file.empty()) return source;
  std::ifstream in(file, std::ios::binary);
  if (!in) return not_found(file + ": cannot be opened");
  source.toml.assign(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return unavailable(file + ": cannot be read");
  return source;
}

Result<EdgeConfig> load_edge_config(const ConfigSource& source) { return load<EdgeConfig>(Role::edge, source); }

Result<CoordinatorConfig> load_coordinator_config(const ConfigSource& source) {
  return load<CoordinatorConfig>(Role::coordinator, source);
}

}  // namespace doppel

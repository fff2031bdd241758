#include "edge_runtime/programs/log_writer.h"

#include <unistd.h>

#include <array>
#include <optional>

#include "twin_store/model/value.h"

namespace doppel {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

const SystemClock& system_clock() {
  static const SystemClock clock;
  return clock;
}

// A line that standard error refuses has no better place to go.
void write_to_standard_error(std::string_view line) {
  while (!line.empty()) {
    const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool is_plain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_text(std::string& line, const LogField& field) {
  line += ' ';
  line += field.key;
  line += '=';
  if (is_plain(field.value)) {
    line += field.value;
  } else {
    append_json_string(line, field.value);
  }
}

void append_json_member(std::string& line, std::string_view key, std::string_view value) {
  line += line.empty() ? '{' : ',';
  append_json_string(line, key);
  line += ':';
  append_json_string(line, value);
}

}  // namespace

LogWriter::LogWriter(const LogConfig& config) : LogWriter(config, system_clock(), write_to_standard_error) {}

LogWriter::LogWriter(const LogConfig& config, const Clock& clock, Sink sink)
    : config_(config), clock_(clock), sink_(std::move(sink)) {}

void LogWriter::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < config_.level) return;
  const std::lock_guard lock(mutex_);
  const auto held_back = admit(event);
  if (!held_back) return;
  const std::string time = format_rfc3339(std::chrono::floor<std::chrono::milliseconds>(clock_.wall()));
  const std::string_view level_name = kLevels.at(static_cast<std::size_t>(level));
  const LogField more{"held_back", std::to_string(*held_back)};
  std::string line;
  if (config_.format == LogFormat::json) {
    append_json_member(line, "time", time);
    append_json_member(line, "level", level_name);
    append_json_member(line, "event", event);
    for (const LogField& field : fields) append_json_member(line, field.key, field.value);
    if (*held_back > 0) append_json_member(line, more.key, more.value);
    line += "}\n";
  } else {
    line = time + " " + std::string(level_name) + " " + std::string(event);
    for (const LogField& field : fields) append_text(line, field);
    if (*held_back > 0) append_text(line, more);
    line += '\n';
  }
  sink_(line);
}

std::optional<std::uint64_t> LogWriter::admit(std::string_view event) {
  auto found = causes_.find(event);
  if (found == causes_.end()) found = causes_.emplace(std::string(event), Cause{clock_.monotonic(), 0, 0}).first;
  Cause& cause = found->second;
  if (clock_.monotonic() - cause.began >= kStretch) {
    cause.began = clock_.monotonic();
    cause.lines = 0;
  }
  if (cause.lines == kLinesPerStretch) {
    ++cause.held_back;
    return std::nullopt;
  }
  ++cause.lines;
  return std::exchange(cause.held_back, 0);
}

}  // namespace doppel

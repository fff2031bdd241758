#include "edge_runtime/programs/log_writer.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <stop_token>

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

void append_text(std::string& line, std::string_view key, std::string_view value) {
  line += ' ';
  line += key;
  line += '=';
  if (is_plain(value)) {
    line += value;
  } else {
    append_json_string(line, value);
  }
}

void append_json_member(std::string& line, std::string_view key, std::string_view value) {
  line += line.empty() ? '{' : ',';
  append_json_string(line, key);
  line += ':';
  append_json_string(line, value);
}

bool says_whose(std::string_view key) {
  constexpr std::array<std::string_view, 6> kKeys{"function", "source", "broker", "edge", "coordinator", "reason"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// A thread that takes no signal: those are for whoever waits for them.
template <class Run>
std::jthread deaf_thread(Run run) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::jthread thread(std::move(run));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

LogWriter::LogWriter(const LogConfig& config) : LogWriter(config, system_clock(), write_to_standard_error) {
  teller_ = deaf_thread([this](const std::stop_token& stop) {
    std::condition_variable_any stopped;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, kStretch, [&] { return stop.stop_requested(); })) tell_held_back();
  });
}

LogWriter::LogWriter(const LogConfig& config, const Clock& clock, Sink sink)
    : config_(config), clock_(clock), sink_(std::move(sink)) {}

LogWriter::~LogWriter() {
  if (teller_.joinable()) {
    teller_.request_stop();
    teller_.join();
  }
  const std::lock_guard lock(mutex_);
  end_stretches(Which::all);
}

void LogWriter::write(LogLevel level, std::string_view event, std::initializer_list<LogField> given) {
  if (level < config_.level) return;
  Fields fields;
  for (const LogField& field : given) fields.emplace_back(field.key, field.value);
  const std::lock_guard lock(mutex_);
  end_stretches(Which::over);
  if (admit(level, event, fields)) put(level, event, fields);
}

void LogWriter::tell_held_back() {
  const std::lock_guard lock(mutex_);
  end_stretches(Which::over);
}

bool LogWriter::admit(LogLevel level, std::string_view event, const Fields& fields) {
  Cause& cause = cause_of(event, fields);
  cause.level = std::max(cause.level, level);
  if (cause.lines < kLinesPerStretch) return ++cause.lines, true;
  ++cause.held_back;
  return false;
}

LogWriter::Cause& LogWriter::cause_of(std::string_view event, const Fields& fields) {
  Cause fresh;
  fresh.event = event;
  fresh.began = clock_.monotonic();
  std::string key(event);
  for (const auto& field : fields) {
    if (!says_whose(field.first)) continue;
    key += '\0' + field.first + '=' + field.second;
    fresh.whose.push_back(field);
  }
  if (causes_.size() >= kMostCauses && !causes_.contains(key)) {
    key = event;
    fresh.whose.clear();
  }
  return causes_.try_emplace(std::move(key), std::move(fresh)).first->second;
}

void LogWriter::end_stretches(Which which) {
  std::erase_if(causes_, [&](const auto& entry) {
    const Cause& cause = entry.second;
    if (which == Which::over && clock_.monotonic() - cause.began < kStretch) return false;
    if (cause.held_back == 0) return true;
    Fields fields = cause.whose;
    fields.emplace_back("held_back", std::to_string(cause.held_back));
    put(cause.level, cause.event, fields);
    return true;
  });
}

void LogWriter::put(LogLevel level, std::string_view event, const Fields& fields) {
  const std::string time = format_rfc3339(std::chrono::floor<std::chrono::milliseconds>(clock_.wall()));
  const std::string_view level_name = kLevels.at(static_cast<std::size_t>(level));
  std::string line;
  if (config_.format == LogFormat::json) {
    append_json_member(line, "time", time);
    append_json_member(line, "level", level_name);
    append_json_member(line, "event", event);
    for (const auto& [key, value] : fields) append_json_member(line, key, value);
    line += "}\n";
  } else {
    line = time + " " + std::string(level_name) + " " + std::string(event);
    for (const auto& [key, value] : fields) append_text(line, key, value);
    line += '\n';
  }
  sink_(line);
}

}  // namespace doppel

// Where a room says that something worth a person's attention happened: one line an event.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace doppel {

enum class LogLevel : std::uint8_t { debug = 0, info = 1, warning = 2, error = 3 };

struct LogField {
  std::string_view key;
  std::string value;
};

// Thread: any. Never blocks on more than the write of one line; never fails.
class Log {
 public:
  virtual ~Log() = default;
  // `event` is a fixed phrase in snake_case ("mqtt_connected"); with the fields that say whose it is, the cause by which lines are held back.
  virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;

  void info(std::string_view event, std::initializer_list<LogField> fields) { write(LogLevel::info, event, fields); }
  void warning(std::string_view event, std::initializer_list<LogField> fields) { write(LogLevel::warning, event, fields); }
  void error(std::string_view event, std::initializer_list<LogField> fields) { write(LogLevel::error, event, fields); }
};

// Says nothing.
class NullLog final : public Log {
 public:
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace doppel

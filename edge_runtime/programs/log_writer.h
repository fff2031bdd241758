// The Log of a running node: one line an event, in one write, at most a few of each cause in a stretch of time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "edge_runtime/config/settings.h"
#include "twin_store/model/log.h"
#include "twin_store/model/time.h"

namespace doppel {

// Thread: any; one of its own looks every stretch for what is to be told.
class LogWriter final : public Log {
 public:
  // A cause is an event with the fields that say whose it is: function, source, broker, edge, coordinator, reason. When a stretch ends
  // in which lines of a cause were held back, one more line of it says how many.
  static constexpr std::uint32_t kLinesPerStretch = 10;
  static constexpr Duration kStretch = std::chrono::seconds(10);
  static constexpr std::size_t kMostCauses = 256;  // in a stretch; further ones of an event are one cause

  using Sink = std::function<void(std::string_view line)>;  // with its newline; called one at a time
  explicit LogWriter(const LogConfig& config);              // standard error, the system's clock
  LogWriter(const LogConfig& config, const Clock& clock, Sink sink);  // without a thread: tell_held_back() is the caller's
  ~LogWriter() override;

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;
  // Tells what was held back in stretches that are over.
  void tell_held_back();

 private:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Cause {
    std::string event;
    Fields whose;
    LogLevel level = LogLevel::info;
    Duration began{0};
    std::uint32_t lines = 0;
    std::uint64_t held_back = 0;
  };
  enum class Which : std::uint8_t { over, all };

  bool admit(LogLevel level, std::string_view event, const Fields& fields);
  Cause& cause_of(std::string_view event, const Fields& fields);
  void end_stretches(Which which);
  void put(LogLevel level, std::string_view event, const Fields& fields);

  const LogConfig config_;
  const Clock& clock_;
  const Sink sink_;
  std::mutex mutex_;  // guards causes_ and the sink
  std::map<std::string, Cause> causes_;  // of the present stretches, by event and whose
  std::jthread teller_;
};

}  // namespace doppel

// The Log of a running node: one line an event, in one write, at most a few of each event in a stretch of time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "edge_runtime/config/settings.h"
#include "twin_store/model/log.h"
#include "twin_store/model/time.h"

namespace doppel {

// Thread: any.
class LogWriter final : public Log {
 public:
  // Of one event, in one stretch; the first line after it says how many were held back.
  static constexpr std::uint32_t kLinesPerStretch = 10;
  static constexpr Duration kStretch = std::chrono::seconds(10);

  using Sink = std::function<void(std::string_view line)>;  // with its newline; called one at a time
  explicit LogWriter(const LogConfig& config);              // standard error, the system's clock
  LogWriter(const LogConfig& config, const Clock& clock, Sink sink);

  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;

 private:
  struct Cause {
    Duration began{0};
    std::uint32_t lines = 0;
    std::uint64_t held_back = 0;
  };
  // How many were held back before this line, or nothing when this one is too.
  std::optional<std::uint64_t> admit(std::string_view event);

  const LogConfig config_;
  const Clock& clock_;
  const Sink sink_;
  std::mutex mutex_;  // guards causes_ and the sink
  std::map<std::string, Cause, std::less<>> causes_;
};

}  // namespace doppel

// Times and the clock. Every time that reaches state is a journaled one; only the journal and the shells read a Clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace doppel {

using Duration = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<Duration>;  // UTC, nanoseconds since 1970

inline Timestamp from_nanoseconds(std::int64_t ns) { return Timestamp(Duration(ns)); }
inline std::int64_t to_nanoseconds(Timestamp t) { return t.time_since_epoch().count(); }

// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp wall() const = 0;      // may step in both directions
  virtual Duration monotonic() const = 0;  // since an arbitrary start; never steps
};

// The operating system's clocks.
class SystemClock final : public Clock {
 public:
  Timestamp wall() const override;
  Duration monotonic() const override;
};

// A clock that stands still until it is told to move. Not thread-safe while it is being moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : wall_(start) {}
  Timestamp wall() const override { return wall_; }
  Duration monotonic() const override { return monotonic_; }
  void advance(Duration by) { wall_ += by, monotonic_ += by; }
  void step_wall(Duration by) { wall_ += by; }

 private:
  Timestamp wall_;
  Duration monotonic_{0};
};

// RFC 3339 with a zone ("2026-01-02T03:04:05.678Z", "+02:00"), also with a space for the T and, then UTC, without a zone.
std::optional<Timestamp> parse_rfc3339(std::string_view text);
std::string format_rfc3339(Timestamp time);  // UTC, with as many fraction digits as needed: 0, 3, 6 or 9

}  // namespace doppel

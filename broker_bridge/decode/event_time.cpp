#include "broker_bridge/decode/event_time.h"

namespace doppel {
namespace {

constexpr std::int64_t kFirstSecond = 946'684'800;     // 2000-01-01
constexpr std::int64_t kPastLastSecond = 4'102'444'800;  // 2100-01-01
constexpr std::int64_t kNanosecond = 1'000'000'000;

bool is_plausible(std::int64_t seconds) { return seconds >= kFirstSecond && seconds < kPastLastSecond; }

std::optional<Timestamp> from_integer(std::int64_t count) {
  for (std::int64_t per_second = 1; per_second <= kNanosecond; per_second *= 1000)
    if (is_plausible(count / per_second)) return from_nanoseconds(count * (kNanosecond / per_second));
  return std::nullopt;
}

std::optional<Timestamp> from_double(double count) {
  if (!(count >= 0 && count < 9.2e18)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(count);
  for (std::int64_t per_second = 1; per_second <= kNanosecond; per_second *= 1000) {
    if (!is_plausible(whole / per_second)) continue;
    const std::int64_t unit_ns = kNanosecond / per_second;
    const double fraction_us = (count - static_cast<double>(whole)) * (static_cast<double>(unit_ns) / 1000.0);
    return from_nanoseconds(whole * unit_ns + static_cast<std::int64_t>(fraction_us + 0.5) * 1000);
  }
  return std::nullopt;
}

std::optional<Timestamp> from_text(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  const std::int64_t ns = to_nanoseconds(*time);
  return ns >= 0 && is_plausible(ns / kNanosecond) ? time : std::nullopt;
}

}  // namespace

std::optional<Timestamp> plausible_time(const ValueView& value) {
  switch (value.kind) {
    case ValueKind::integer: return from_integer(value.integer);
    case ValueKind::number: return from_double(value.number);
    case ValueKind::text: return from_text(value.content);
    default: return std::nullopt;
  }
}

}  // namespace doppel

// What a function asks for. Effects are data: the fold checks each against the function's grants and applies it, or names
// the refusal.
#pragma once

#include <cstdint>
#include <string_view>

#include "twin_store/model/value.h"

namespace doppel {

// The numbers are part of ABI 1: append only.
enum class EffectKind : std::uint8_t {
  set = 1,           // name = property of the event's twin, value
  remove = 2,        // name = property of the event's twin
  send = 3,          // target = twin id, name = event name, value (json: one property per field)
  emit = 4,          // name = event name, value
  publish = 5,       // target = MQTT topic, value, detail = qos (0-2) | retain << 2
  alert_raise = 6,   // name = alert, value
  alert_clear = 7,   // name = alert
  alarm_set = 8,     // name = alarm, value = integer: nanoseconds of lane time from the event's arrival
  alarm_cancel = 9,  // name = alarm
  enqueue = 10,      // target = queue, value
  http_call = 11,    // target = URL, name = method, value = body
  http_reply = 12,   // value = body, detail = status
  log = 13,          // value = text, detail = level
  retry = 14,        // this event is to be tried again later
  fail = 15,         // this event failed; value = reason
};
inline constexpr std::uint8_t kLastEffectKind = 15;
std::string_view to_string(EffectKind kind);

// Views point into the copy that was made of the guest's effects.
struct Effect {
  EffectKind kind = EffectKind::set;
  std::uint32_t event = 0;   // index of the causing event in the run
  std::uint32_t detail = 0;
  std::string_view name;
  std::string_view target;
  ValueView value;
};

}  // namespace doppel

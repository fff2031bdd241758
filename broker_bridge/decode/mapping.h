// How topics and payloads become events of twins: the configured rules, and the default rule behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "twin_store/model/time.h"

namespace doppel {

enum class PayloadFormat : std::uint8_t {
  automatic,  // a JSON object, or a scalar: number, boolean, null, JSON string or array, text; anything else is bytes
  text,       // always one text (bytes when it is not UTF-8)
  bytes,      // always one block of bytes
};

struct FieldMapping {
  std::string pointer;  // RFC 6901: "/values/0"
  std::string name;     // of the property; nested fields of an object are joined to it by '.'
};

struct MappingRule {
  // An MQTT filter whose levels may be named: "plant/{area}/device/{id}". "{name}" matches like '+'.
  std::string topic;
  // The twin's id: text with "{part}" for a named level and "{/pointer}" for a value of the payload. "" = the whole topic.
  std::string twin;
  std::string model;
  // The property that a payload takes which is not a JSON object: text with "{part}".
  std::string property = "value";
  std::string time;      // pointer; "" = the first plausible of /ts, /time, /timestamp, /t
  std::string event_id;  // pointer; "" = none
  std::vector<FieldMapping> fields;  // empty = every field, nested names joined by '.'
  PayloadFormat format = PayloadFormat::automatic;
};

// What one message may cost. Beyond a limit it is refused by name.
struct DecodeLimits {
  std::size_t payload_bytes = 2u << 20;
  std::size_t value_bytes = 64u << 10;  // of one text, bytes or json value
  std::size_t name_bytes = 256;         // of a property, with its joined parents
  std::size_t fields = 1024;            // of one event
  std::size_t depth = 16;               // of nested objects and arrays; at most 64
  Duration time_ahead = std::chrono::hours(1);  // a payload time further after the arrival is not believed
};

struct Mapping {
  std::vector<MappingRule> rules = {};  // the first whose topic matches is taken
  // Behind the rules: a JSON object is one event of the twin named by the whole topic; any other payload is the property
  // *last topic level* of the twin named by the levels before it. Without it an unmatched message is refused.
  bool default_rule = true;
  DecodeLimits limits = {};
};

}  // namespace doppel

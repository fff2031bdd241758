// The manifest of a function, `function.toml`: what it reads, what triggers it, what it may touch, what it may use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "twin_store/model/ids.h"
#include "twin_store/model/result.h"
#include "twin_store/model/value.h"

namespace doppel {

// One typed column of a run: "temperature: f64" (a payload field) or "twin.limit: f64" (a property of the event's twin).
struct ColumnSpec {
  std::string name;  // without "twin."
  bool of_twin = false;
  ValueKind type = ValueKind::number;  // number (f64), integer (i64), boolean (bool) or text (string)
};

struct TopicTrigger {
  std::string filter;  // MQTT filter with + and #
};

struct FunctionLimits {
  std::uint64_t fuel = 5'000'000;          // of one event, and of one run
  std::uint32_t memory_bytes = 1u << 20;   // linear memory
  std::uint32_t output_bytes = 64u << 10;  // effects list of a run
  std::uint32_t run_events = 1024;         // most events in a run
};

// Deny by default: an empty list grants nothing. Topics are MQTT filters.
struct FunctionGrants {
  std::vector<std::string> publish;
  std::vector<std::string> send;  // filters over twin ids
  std::vector<std::string> http;  // URL prefixes
};

struct Manifest {
  FunctionName name;
  std::string version;
  std::vector<ColumnSpec> reads;
  std::vector<ColumnSpec> writes;  // never of_twin; a set of another property is denied
  std::uint32_t state_bytes = 0;   // 0 to 65,536, per twin
  std::uint32_t state_version = 1;
  bool reset_state_on_change = false;  // on_state_change = "reset"
  bool wants_payload = false;          // payload = true: raw payloads go into the run
  std::vector<TopicTrigger> topics;
  bool on_twin_change = false;                     // [[trigger]] twin_change = ["property", ...]
  std::vector<std::string> change_properties;
  std::vector<std::string> emitted;                // [[trigger]] event = "name"
  std::vector<std::string> alarms;                 // [[trigger]] alarm = "name"
  FunctionLimits limits;
  FunctionGrants grants;
  std::vector<std::pair<std::string, Value>> config;  // [config], in name order
};

inline constexpr std::size_t kMaxManifestBytes = 64u << 10;

// Errors: invalid_input, with everything that is wrong at once, one a line, each with line number, value and allowed range.
Result<Manifest> parse_manifest(std::string_view toml);

// To be asked before a function is accepted, not of one that was: whether this program performs all that the manifest grants. A function
// that counts on more would be believed to do what it does not. Errors: invalid_input.
Result<void> check_is_performed(const Manifest& manifest);

}  // namespace doppel

// A record of the journal: one thing that happened and that state depends on. `twin_store/journal/journal_format.md`
// gives the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/model/ids.h"
#include "twin_store/model/time.h"

namespace doppel {

// The numbers are part of the journal format: append only.
enum class RecordKind : std::uint8_t {
  message = 1,     // a sensor message: topic, payload
  request = 2,     // an HTTP call to a function route: topic = route, payload = body
  tick = 3,        // something is due: payload = i64 nanoseconds, the time up to which all due is to happen
  clock_step = 4,  // the wall clock stepped: payload = i64 nanoseconds
  result = 5,      // the answer of an outside effect: topic = outbox key, payload = answer
  activation = 6,  // a function version becomes active or is deleted: topic = name, payload = Activation
  configuration = 7,  // a configuration generation: payload = the parts of the configuration that the fold reads
  set_property = 8,   // somebody sets a property: topic = twin id, payload = SetProperty
  desired = 9,        // desired state from above: topic = kind of state, payload = its document
  uplink = 10,        // at a coordinator: what an edge sent: topic = edge name, payload = the protocol message
  mark = 11,          // the lane's: the borders of a batch
  decision = 12,      // the lane's: an outcome that need not be the same everywhere, to be obeyed by replay
  start = 13,         // the journal's: a process began to write: payload = boot id, sync policy, program version
  end = 14,           // the journal's: a clean stop
  incarnation = 15,   // a new body of state begins: payload = its 16 bytes
  dead_letters = 16,  // somebody retries or drops dead letters: payload = DeadLetterOrder
};
inline constexpr std::uint8_t kLastRecordKind = 16;
std::string_view to_string(RecordKind kind);

// They stand alone in a batch, so that a batch has one clock and one set of functions, and what is retried is no part of it.
inline bool is_control(RecordKind kind) {
  return kind == RecordKind::tick || kind == RecordKind::clock_step || kind == RecordKind::activation ||
         kind == RecordKind::configuration || kind == RecordKind::desired || kind == RecordKind::incarnation ||
         kind == RecordKind::dead_letters;
}
// Written and read by the lane and the journal themselves; never part of a batch.
inline bool is_bookkeeping(RecordKind kind) {
  return kind == RecordKind::mark || kind == RecordKind::decision || kind == RecordKind::start ||
         kind == RecordKind::end;
}

// MQTT's own words about a message.
struct Delivery {
  std::uint8_t qos = 0;
  bool dup = false;
  bool retained = false;
  std::uint16_t packet_id = 0;   // 0 at QoS 0
  std::uint16_t source = 0;      // number of the configured source
  std::uint32_t session = 0;     // counts the connections of the source, also across restarts
};

// Optional facts beside topic and payload, stored as (tag, length, bytes). Unknown tags are kept and ignored.
enum class HeaderTag : std::uint8_t {
  content_type = 1,
  correlation = 2,
  trace_parent = 3,
  user_property = 4,   // name, 0 byte, value; may repeat
  response_topic = 5,
  truncated_from = 6,  // u64: the payload was longer than the limit; this was its size
};

// What a source hands to the journal. Views are borrowed for the call.
struct NewRecord {
  RecordKind kind = RecordKind::message;
  Delivery delivery = {};
  std::string_view headers = {};  // encoded TLV, see append_header
  std::string_view topic = {};    // at most 65,535 bytes
  std::string_view payload = {};
};

// What a reader gets back. Views live until the reader's next read; 64 bytes after `payload` may be read.
struct Record {
  Position position = Position::none;
  Epoch epoch = Epoch::first;
  RecordKind kind = RecordKind::message;
  Timestamp arrival;
  Delivery delivery;
  std::string_view headers;
  std::string_view topic;
  std::string_view payload;
};
inline constexpr std::size_t kReadablePadding = 64;

void append_header(std::string& headers, HeaderTag tag, std::string_view value);
// The first value under `tag`, if any.
std::optional<std::string_view> find_header(std::string_view headers, HeaderTag tag);

}  // namespace doppel

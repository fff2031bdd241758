// What the fold wants done outside, once its cause is on disk.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "twin_store/model/ids.h"

namespace doppel {

// The same row gets the same key in every replay; receivers drop a key they have seen.
struct OutboxKey {
  Incarnation incarnation;
  Epoch epoch = Epoch::first;
  Position mark = Position::none;  // of the batch that made the row
  std::uint32_t ordinal = 0;       // in that batch
  auto operator<=>(const OutboxKey&) const = default;
};
std::string to_string(const OutboxKey& key);  // hex incarnation "." epoch "." mark "." ordinal
std::optional<OutboxKey> parse_outbox_key(std::string_view text);

// The numbers are part of the running hash and of the store: append only.
enum class OutboxKind : std::uint8_t {
  publish = 1,     // target = MQTT topic
  http_call = 2,   // target = URL
  http_reply = 3,  // target = id of the waiting request
  replacement = 4, // target = uplink key (window row, twin, alert, status); payload replaces what is there below `revision`
  log = 5,         // target = function name; a line for the log
};
inline constexpr std::array kAllOutboxKinds = {OutboxKind::publish, OutboxKind::http_call, OutboxKind::http_reply, OutboxKind::replacement, OutboxKind::log};
std::string_view to_string(OutboxKind kind);

struct OutboxRow {
  OutboxKey key;
  OutboxKind kind = OutboxKind::publish;
  std::uint8_t qos = 0;          // publish
  bool retain = false;           // publish
  std::uint64_t revision = 0;    // replacement
  std::string target;
  std::string payload;
};

}  // namespace doppel

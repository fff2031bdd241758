// The outbox table of a store: a row for each outbox row, and one for what is known of all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "twin_store/model/outbox.h"

namespace doppel {

// Delivery state: the fold never reads it.
struct OutboxState {
  bool lacks_replacements = false;         // of the fold's rows some were not kept, because there was no uplink
  std::uint64_t dropped_replacements = 0;  // since the store was empty
  std::uint64_t highest_receipt = 0;       // revision of a replacement
};
inline constexpr std::string_view kOutboxStateKey = "state";
std::string encode(const OutboxState& state);
std::optional<OutboxState> decode_outbox_state(std::string_view bytes);

// A replacement is stored under its target, any other row under its kind and key.
std::string stored_key(const OutboxRow& row);
std::optional<std::string_view> target_of_stored_key(std::string_view key);  // nothing: it is not of a replacement
std::pair<OutboxKind, OutboxKey> row_of_stored_key(std::string_view key);    // of any other that stored_key() made
std::string encode(const OutboxRow& row);
std::optional<OutboxRow> decode_outbox_row(std::string_view bytes);

}  // namespace doppel

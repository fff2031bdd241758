#include "twin_store/lane/outbox_table.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kRowVersion = 1, kStateVersion = 1;
constexpr char kQueuedRow = 'q', kReplacementRow = 'r';

}  // namespace

std::string encode(const OutboxState& state) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kStateVersion);
  writer.put(static_cast<std::uint8_t>(state.lacks_replacements));
  writer.put(state.dropped_replacements);
  writer.put(state.highest_receipt);
  return out;
}

std::optional<OutboxState> decode_outbox_state(std::string_view bytes) {
  ByteReader reader(bytes);
  OutboxState state;
  if (reader.take<std::uint8_t>() != kStateVersion) return std::nullopt;
  state.lacks_replacements = reader.take<std::uint8_t>() != 0;
  state.dropped_replacements = reader.take<std::uint64_t>();
  state.highest_receipt = reader.take<std::uint64_t>();
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return state;
}

std::string stored_key(const OutboxRow& row) {
  if (row.kind == OutboxKind::replacement) return kReplacementRow + row.target;
  std::string key(1, kQueuedRow);
  return key + static_cast<char>(row.kind) + to_string(row.key);
}

std::optional<std::string_view> target_of_stored_key(std::string_view key) {
  if (!key.starts_with(kReplacementRow)) return std::nullopt;
  return key.substr(1);
}

std::pair<OutboxKind, OutboxKey> row_of_stored_key(std::string_view key) {
  return {static_cast<OutboxKind>(key.at(1)), parse_outbox_key(key.substr(2)).value_or(OutboxKey{})};
}

std::string encode(const OutboxRow& row) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kRowVersion);
  for (const auto byte : row.key.incarnation.bytes) writer.put(byte);
  writer.put(row.key.epoch);
  writer.put(row.key.mark);
  writer.put(row.key.ordinal);
  writer.put(row.kind);
  writer.put(row.qos);
  writer.put(static_cast<std::uint8_t>(row.retain));
  writer.put(row.revision);
  writer.put_bytes(row.target);
  writer.put_bytes(row.payload);
  return out;
}

std::optional<OutboxRow> decode_outbox_row(std::string_view bytes) {
  ByteReader reader(bytes);
  OutboxRow row;
  if (reader.take<std::uint8_t>() != kRowVersion) return std::nullopt;
  for (auto& byte : row.key.incarnation.bytes) byte = reader.take<std::uint8_t>();
  row.key.epoch = reader.take<Epoch>();
  row.key.mark = reader.take<Position>();
  row.key.ordinal = reader.take<std::uint32_t>();
  row.kind = reader.take<OutboxKind>();
  row.qos = reader.take<std::uint8_t>();
  row.retain = reader.take<std::uint8_t>() != 0;
  row.revision = reader.take<std::uint64_t>();
  row.target = reader.take_bytes();
  row.payload = reader.take_bytes();
  const bool known = row.kind >= OutboxKind::publish && row.kind <= OutboxKind::log;
  if (!reader.ok() || !reader.at_end() || !known) return std::nullopt;
  return row;
}

}  // namespace doppel

#include "twin_store/lane/lane_records.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {
constexpr std::uint8_t kMarkVersion = 1, kDecisionVersion = 1;
}

std::string encode(const Mark& mark) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kMarkVersion);
  writer.put(mark.first);
  writer.put(mark.last);
  writer.put(mark.previous_batch_hash);
  writer.put_bytes(mark.fold_version);
  return out;
}

std::optional<Mark> decode_mark(std::string_view bytes) {
  ByteReader reader(bytes);
  Mark mark;
  if (reader.take<std::uint8_t>() != kMarkVersion) return std::nullopt;
  mark.first = reader.take<Position>();
  mark.last = reader.take<Position>();
  mark.previous_batch_hash = reader.take<std::uint64_t>();
  mark.fold_version = reader.take_bytes();
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return mark;
}

std::string encode(const DecisionRecord& record) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kDecisionVersion);
  writer.put(record.mark);
  writer.put(record.decision.origin);
  writer.put_bytes(record.decision.subject);
  writer.put_bytes(record.decision.outcome);
  return out;
}

std::optional<DecisionRecord> decode_decision(std::string_view bytes) {
  ByteReader reader(bytes);
  DecisionRecord record;
  if (reader.take<std::uint8_t>() != kDecisionVersion) return std::nullopt;
  record.mark = reader.take<Position>();
  record.decision.origin = reader.take<Position>();
  record.decision.subject = reader.take_bytes();
  record.decision.outcome = reader.take_bytes();
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return record;
}

}  // namespace doppel

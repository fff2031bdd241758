#include "edge_runtime/pipeline/dead_letters.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kWithoutEvent = 1, kVersion = 2;

std::string key_of(DeadLetters::Number number) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

std::string encoded(const DeadLetter& letter) {
  std::string out, event;
  encode(letter.event, event);
  ByteWriter writer(out);
  writer.put(kVersion);
  for (const auto* text : {&letter.reason, &letter.detail, &letter.function, &letter.version}) writer.put_bytes(*text);
  writer.put_bytes(event);
  writer.put(letter.retry);
  writer.put(letter.payload_size);
  return out;
}

// Version 1 kept of the event only what can be shown.
bool decode_without_event(ByteReader& reader, DeadLetter& letter) {
  letter.event.position = reader.take<Position>();
  letter.event.arrival = from_nanoseconds(reader.take<std::int64_t>());
  for (auto* text : {&letter.reason, &letter.detail, &letter.function, &letter.version, &letter.event.twin, &letter.event.topic, &letter.event.payload}) {
    *text = reader.take_bytes();
  }
  letter.payload_size = reader.take<std::uint64_t>();
  return reader.ok() && reader.at_end();
}

bool decode(std::string_view bytes, DeadLetter& letter) {
  ByteReader reader(bytes);
  const auto version = reader.take<std::uint8_t>();
  if (version == kWithoutEvent) return decode_without_event(reader, letter);
  if (version != kVersion) return false;
  for (auto* text : {&letter.reason, &letter.detail, &letter.function, &letter.version}) *text = reader.take_bytes();
  if (!decode_kept_event(reader.take_bytes(), letter.event)) return false;
  letter.retry = reader.take<RetryAs>();
  letter.payload_size = reader.take<std::uint64_t>();
  return reader.ok() && reader.at_end();
}

}  // namespace

Result<void> DeadLetters::load(const StoreReader& store) {
  bool good = true;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    Number number = 0;
    for (const char c : key) number = number << 8 | static_cast<unsigned char>(c);
    good = good && decode(value, letters_[number]);
  });
  if (!read) return read;
  if (!good) return corrupt_data("a stored dead letter does not decode");
  return {};
}

void DeadLetters::take_changes(std::vector<RowChange>& changes) {
  for (const Number number : removed_) changes.push_back({kTable, key_of(number), std::nullopt});
  removed_.clear();
  for (auto at = letters_.lower_bound(first_unstored_); at != letters_.end(); ++at) changes.push_back({kTable, key_of(at->first), encoded(at->second)});
  first_unstored_ = next_;
}

void DeadLetters::add(DeadLetter letter) {
  ++by_reason_[letter.reason];
  letter.payload_size = letter.event.payload.size();
  const bool is_cut = letter.event.payload.size() > kPayloadBytes;
  if (is_cut || letter.event.bytes() > kRetryBytes) {
    letter.retry = RetryAs::nothing;
    letter.event.fields.clear();
    letter.event.of_twin.clear();
  }
  if (is_cut) letter.event.payload.resize(kPayloadBytes);
  letters_.emplace(next_++, std::move(letter));
  while (letters_.size() > limit_) {
    remove(letters_.begin()->first);
    ++dropped_;
  }
}

void DeadLetters::remove(Number number) {
  if (letters_.erase(number) != 0 && number < first_unstored_) removed_.push_back(number);
}

const DeadLetter* DeadLetters::find(Number number) const {
  const auto at = letters_.find(number);
  return at == letters_.end() ? nullptr : &at->second;
}

void DeadLetters::for_each(const std::function<void(Number, const DeadLetter&)>& visit) const {
  for (const auto& [number, letter] : letters_) visit(number, letter);
}

}  // namespace doppel

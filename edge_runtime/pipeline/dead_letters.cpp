#include "edge_runtime/pipeline/dead_letters.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kVersion = 1;

std::string key_of(std::uint64_t number) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

std::string encode(const DeadLetter& letter) {
  std::string out;
  ByteWriter writer(out);
  writer.put(kVersion);
  writer.put(letter.position);
  writer.put(to_nanoseconds(letter.arrival));
  for (const auto* text : {&letter.reason, &letter.detail, &letter.function, &letter.version, &letter.twin, &letter.topic, &letter.payload}) {
    writer.put_bytes(*text);
  }
  writer.put(letter.payload_size);
  return out;
}

bool decode(std::string_view bytes, DeadLetter& letter) {
  ByteReader reader(bytes);
  if (reader.take<std::uint8_t>() != kVersion) return false;
  letter.position = reader.take<Position>();
  letter.arrival = from_nanoseconds(reader.take<std::int64_t>());
  for (auto* text : {&letter.reason, &letter.detail, &letter.function, &letter.version, &letter.twin, &letter.topic, &letter.payload}) {
    *text = reader.take_bytes();
  }
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
  for (auto at = letters_.lower_bound(first_unstored_); at != letters_.end(); ++at) changes.push_back({kTable, key_of(at->first), encode(at->second)});
  first_unstored_ = next_;
}

void DeadLetters::add(DeadLetter letter) {
  ++by_reason_[letter.reason];
  letter.payload_size = letter.payload.size();
  if (letter.payload.size() > kPayloadBytes) letter.payload.resize(kPayloadBytes);
  letters_.emplace(next_++, std::move(letter));
  while (letters_.size() > limit_) {
    if (letters_.begin()->first < first_unstored_) removed_.push_back(letters_.begin()->first);
    letters_.erase(letters_.begin());
    ++dropped_;
  }
}

void DeadLetters::for_each(const std::function<void(std::uint64_t, const DeadLetter&)>& visit) const {
  for (const auto& [number, letter] : letters_) visit(number, letter);
}

}  // namespace doppel

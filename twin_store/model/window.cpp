#include "twin_store/model/window.h"

#include <algorithm>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kPopulationVersion = 1;

// Big-endian with the sign bit turned: bytes sort as the numbers do.
void put_ordered(std::string& out, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift);
}

std::int64_t take_ordered(ByteReader& reader) {
  std::uint64_t bits = 0;
  for (const char c : reader.take_raw(8)) bits = bits << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(bits ^ (std::uint64_t{1} << 63));
}

void put_text(std::string& out, std::string_view text) {
  ByteWriter writer(out);
  writer.put(static_cast<std::uint16_t>(text.size()));
  writer.put_raw(text);
}

std::string take_text(ByteReader& reader) { return std::string(reader.take_raw(reader.take<std::uint16_t>())); }

}  // namespace

void encode(const WindowKey& key, std::string& out) {
  put_text(out, key.window);
  put_ordered(out, key.start_ns);
  put_ordered(out, key.length_ns);
  put_text(out, key.group);
  put_text(out, key.property);
}

std::optional<WindowKey> decode_window_key(std::string_view bytes) {
  ByteReader reader(bytes);
  WindowKey key;
  key.window = take_text(reader);
  key.start_ns = take_ordered(reader);
  key.length_ns = take_ordered(reader);
  key.group = take_text(reader);
  key.property = take_text(reader);
  if (!reader.ok() || !reader.at_end() || key.length_ns <= 0) return std::nullopt;
  return key;
}

void WindowPopulation::merge(const WindowPopulation& other) {
  events += other.events;
  twins.merge(other.twins);
}

void encode(const WindowPopulation& population, std::string& out) {
  ByteWriter writer(out);
  writer.put(kPopulationVersion);
  writer.put(population.events);
  population.twins.encode(out);
}

std::optional<WindowPopulation> decode_window_population(std::string_view bytes) {
  ByteReader reader(bytes);
  WindowPopulation population;
  if (reader.take<std::uint8_t>() != kPopulationVersion) return std::nullopt;
  population.events = reader.take<std::uint64_t>();
  auto twins = DistinctCounter::decode(reader.take_raw(reader.left()));
  if (!reader.ok() || !twins) return std::nullopt;
  population.twins = std::move(*twins);
  return population;
}

}  // namespace doppel

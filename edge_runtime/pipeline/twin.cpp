#include "edge_runtime/pipeline/twin.h"

#include <algorithm>
#include <utility>

#include "edge_runtime/pipeline/value_bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kWithoutEventIds = 1, kTwinVersion = 2;
constexpr std::size_t kHeapSlack = 64;

}  // namespace

const PropertySlot* Twin::find(Name name) const {
  for (const auto& slot : properties) {
    if (slot.name == name) return &slot;
  }
  return nullptr;
}

PropertySlot* Twin::find(Name name) { return const_cast<PropertySlot*>(std::as_const(*this).find(name)); }

ValueView Twin::view(const PropertySlot& slot) const {
  ValueView value;
  value.kind = slot.kind;
  value.integer = slot.integer;
  if (value.has_content()) value.content = std::string_view(heap).substr(slot.content_at, slot.content_size);
  return value;
}

void Twin::set(Name name, const ValueView& value, Timestamp time) {
  PropertySlot* slot = find(name);
  if (slot == nullptr) {
    slot = &properties.emplace_back();
    slot->name = name;
  }
  slot->time = time;
  slot->rev = rev;
  set_content(*slot, value.content);
  slot->kind = value.kind;
  slot->integer = value.integer;
}

void Twin::set_content(PropertySlot& slot, std::string_view content) {
  heap_live += static_cast<std::uint32_t>(content.size());
  heap_live -= slot.content_size;
  if (content.size() > slot.content_size) {
    slot.content_at = static_cast<std::uint32_t>(heap.size());
    slot.content_size = static_cast<std::uint32_t>(content.size());
    heap.append(content);
    if (heap.size() > 2 * std::size_t{heap_live} + kHeapSlack) compact();
    return;
  }
  slot.content_size = static_cast<std::uint32_t>(content.size());
  std::copy(content.begin(), content.end(), heap.begin() + slot.content_at);
}

void Twin::compact() {
  std::string fresh;
  for (auto& slot : properties) {
    const auto content = std::string_view(heap).substr(slot.content_at, slot.content_size);
    slot.content_at = static_cast<std::uint32_t>(fresh.size());
    fresh.append(content);
  }
  heap = std::move(fresh);
}

bool Twin::remove(Name name) {
  PropertySlot* slot = find(name);
  if (slot == nullptr) return false;
  heap_live -= slot->content_size;
  properties.erase(properties.begin() + (slot - properties.data()));
  return true;
}

ValueView Twin::column(Name name) const {
  if (const PropertySlot* slot = find(name)) return view(*slot);
  for (const auto& value : desired) {
    if (value.name == name) return value.value.view();
  }
  return ValueView::null();
}

DesiredValue* Twin::find_desired(Name name) {
  const auto at = std::find_if(desired.begin(), desired.end(), [&](const DesiredValue& d) { return d.name == name; });
  return at == desired.end() ? nullptr : &*at;
}

bool Twin::saw(std::uint64_t topic_hash, std::uint64_t payload_hash, std::size_t most) {
  for (auto& seen : topics) {
    if (seen.topic_hash != topic_hash) continue;
    const bool same = seen.payload_hash == payload_hash;
    seen.payload_hash = payload_hash;
    return same;
  }
  if (topics.size() >= most) topics.erase(topics.begin(), topics.end() - static_cast<std::ptrdiff_t>(most - 1));
  topics.push_back({topic_hash, payload_hash});
  return false;
}

bool Twin::has_event_id(std::uint64_t hash, Timestamp since) const {
  return std::any_of(event_ids.begin(), event_ids.end(), [&](const EventIdSeen& seen) { return seen.hash == hash && seen.arrival >= since; });
}

void Twin::remember_event_id(std::uint64_t hash, Timestamp arrival, std::size_t most) {
  event_ids.push_back({hash, arrival});
  if (event_ids.size() > most) event_ids.erase(event_ids.begin(), event_ids.end() - static_cast<std::ptrdiff_t>(most));
}

void encode(const Twin& twin, const NameTable& names, std::string& out) {
  ByteWriter writer(out);
  writer.put(kTwinVersion);
  writer.put_bytes(twin.model ? names.text(*twin.model) : std::string_view());
  writer.put(twin.rev);
  writer.put(twin.events);
  writer.put(to_nanoseconds(twin.last_seen));
  writer.put(static_cast<std::uint32_t>(twin.properties.size()));
  for (const auto& slot : twin.properties) {
    writer.put_bytes(names.text(slot.name));
    put_value(writer, twin.view(slot));
    writer.put(to_nanoseconds(slot.time));
    writer.put(slot.rev);
  }
  writer.put(static_cast<std::uint32_t>(twin.desired.size()));
  for (const auto& desired : twin.desired) {
    writer.put_bytes(names.text(desired.name));
    put_value(writer, desired.value.view());
    writer.put(to_nanoseconds(desired.since));
    writer.put(desired.rev);
  }
  writer.put(static_cast<std::uint32_t>(twin.labels.size()));
  for (const auto& label : twin.labels) {
    writer.put_bytes(names.text(label.name));
    writer.put_bytes(names.text(label.value));
  }
  writer.put(static_cast<std::uint32_t>(twin.topics.size()));
  for (const auto& seen : twin.topics) {
    writer.put(seen.topic_hash);
    writer.put(seen.payload_hash);
  }
  writer.put(static_cast<std::uint32_t>(twin.event_ids.size()));
  for (const auto& seen : twin.event_ids) {
    writer.put(seen.hash);
    writer.put(to_nanoseconds(seen.arrival));
  }
}

bool decode(std::string_view bytes, NameTable& names, Twin& twin) {
  ByteReader reader(bytes);
  bool names_fit = true;
  const auto take_name = [&] {
    const auto name = names.intern(reader.take_bytes());
    names_fit = names_fit && name.has_value();
    return name.value_or(Name{});
  };
  const auto version = reader.take<std::uint8_t>();
  if (version < kWithoutEventIds || version > kTwinVersion) return false;
  if (const auto model = reader.take_bytes(); !model.empty()) twin.model = names.intern(model);
  twin.rev = reader.take<std::uint64_t>();
  twin.events = reader.take<std::uint64_t>();
  twin.last_seen = from_nanoseconds(reader.take<std::int64_t>());
  const std::uint64_t rev = twin.rev;
  for (auto left = reader.take<std::uint32_t>(); left != 0 && reader.ok(); --left) {
    const Name name = take_name();
    const auto value = take_value(reader);
    const Timestamp time = from_nanoseconds(reader.take<std::int64_t>());
    twin.rev = reader.take<std::uint64_t>();
    if (!value) return false;
    twin.set(name, *value, time);
  }
  twin.rev = rev;
  for (auto left = reader.take<std::uint32_t>(); left != 0 && reader.ok(); --left) {
    const Name name = take_name();
    const auto value = take_value(reader);
    const Timestamp since = from_nanoseconds(reader.take<std::int64_t>());
    const auto desired_rev = reader.take<std::uint64_t>();
    if (!value) return false;
    twin.desired.push_back({name, Value(*value), since, desired_rev});
  }
  for (auto left = reader.take<std::uint32_t>(); left != 0 && reader.ok(); --left) {
    const Name name = take_name();
    twin.labels.push_back({name, take_name()});
  }
  for (auto left = reader.take<std::uint32_t>(); left != 0 && reader.ok(); --left) {
    const auto topic_hash = reader.take<std::uint64_t>();
    twin.topics.push_back({topic_hash, reader.take<std::uint64_t>()});
  }
  for (auto left = version == kWithoutEventIds ? 0 : reader.take<std::uint32_t>(); left != 0 && reader.ok(); --left) {
    const auto hash = reader.take<std::uint64_t>();
    twin.event_ids.push_back({hash, from_nanoseconds(reader.take<std::int64_t>())});
  }
  return reader.ok() && reader.at_end() && names_fit;
}

}  // namespace doppel

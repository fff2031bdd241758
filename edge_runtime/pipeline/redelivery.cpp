#include "edge_runtime/pipeline/redelivery.h"

#include <algorithm>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {
constexpr std::uint8_t kVersion = 1;
}

bool Redelivery::is_repeat(const Delivery& delivery, std::uint64_t content_hash) {
  if (delivery.qos == 0) return false;
  Source& source = sources_[delivery.source];
  if (delivery.session > source.session) source.begin_session(delivery.session);
  source.dirty = true;
  bool repeat = false;
  if (delivery.dup) {
    const auto repeated = std::find_if(source.before.begin(), source.before.end(), [&](const Taken& taken) {
      return !taken.matched && taken.packet_id == delivery.packet_id && taken.content_hash == content_hash;
    });
    repeat = repeated != source.before.end();
    if (repeat) repeated->matched = true;
  }
  // The repeat is remembered too: it may be delivered once more.
  source.remember({source.session, delivery.packet_id, false, content_hash});
  return repeat;
}

void Redelivery::Source::begin_session(std::uint32_t number) {
  const auto ended = in_order();
  before.insert(before.end(), ended.begin(), ended.end());
  if (before.size() > kReceiveMaximum) before.erase(before.begin(), before.end() - kReceiveMaximum);
  present.clear();
  oldest = 0;
  session = number;
}

void Redelivery::Source::remember(const Taken& taken) {
  if (present.size() < kReceiveMaximum) {
    present.push_back(taken);
    return;
  }
  present[oldest] = taken;
  oldest = (oldest + 1) % kReceiveMaximum;
}

std::vector<Redelivery::Taken> Redelivery::Source::in_order() const {
  std::vector<Taken> ordered = present;
  std::rotate(ordered.begin(), ordered.begin() + static_cast<std::ptrdiff_t>(oldest), ordered.end());
  return ordered;
}

std::uint32_t Redelivery::last_session(std::uint16_t number) const {
  const auto source = sources_.find(number);
  return source == sources_.end() ? 0 : source->second.session;
}

void Redelivery::take_changes(std::vector<RowChange>& changes) {
  for (auto& [number, source] : sources_) {
    if (!source.dirty) continue;
    source.dirty = false;
    std::string key, value;
    ByteWriter(key).put(number);
    ByteWriter writer(value);
    writer.put(kVersion);
    writer.put(source.session);
    for (const auto& part : {source.before, source.in_order()}) {
      for (const auto& taken : part) {
        writer.put(taken.session);
        writer.put(taken.packet_id);
        writer.put(static_cast<std::uint8_t>(taken.matched));
        writer.put(taken.content_hash);
      }
    }
    changes.push_back({kTable, std::move(key), std::move(value)});
  }
}

Result<void> Redelivery::load(const StoreReader& store) {
  bool good = true;
  auto read = store.for_each(kTable, [&](std::string_view key, std::string_view value) {
    ByteReader key_reader(key), reader(value);
    Source& source = sources_[key_reader.take<std::uint16_t>()];
    good = good && reader.take<std::uint8_t>() == kVersion;
    source.session = reader.take<std::uint32_t>();
    while (reader.ok() && !reader.at_end()) {
      Taken taken;
      taken.session = reader.take<std::uint32_t>();
      taken.packet_id = reader.take<std::uint16_t>();
      taken.matched = reader.take<std::uint8_t>() != 0;
      taken.content_hash = reader.take<std::uint64_t>();
      (taken.session == source.session ? source.present : source.before).push_back(taken);
    }
    good = good && reader.ok() && key_reader.ok() && source.before.size() <= kReceiveMaximum && source.present.size() <= kReceiveMaximum;
  });
  if (!read) return read;
  if (!good) return corrupt_data("a stored row of the redelivery table does not decode");
  return {};
}

}  // namespace doppel

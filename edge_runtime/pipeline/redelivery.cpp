#include "edge_runtime/pipeline/redelivery.h"

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {
constexpr std::uint8_t kVersion = 1;
}

bool Redelivery::is_repeat(const Delivery& delivery, std::uint64_t content_hash) {
  if (delivery.qos == 0) return false;
  Source& source = sources_[delivery.source];
  bool repeat = false;
  if (delivery.dup) {
    for (auto& taken : source.taken) {
      if (taken.matched || taken.session >= delivery.session) continue;
      if (taken.packet_id != delivery.packet_id || taken.content_hash != content_hash) continue;
      taken.matched = repeat = true;
      break;
    }
  }
  // The repeat is remembered too: it may be delivered once more.
  if (source.taken.size() == kReceiveMaximum) source.taken.pop_front();
  source.taken.push_back({delivery.session, delivery.packet_id, false, content_hash});
  source.dirty = true;
  return repeat;
}

std::uint32_t Redelivery::last_session(std::uint16_t number) const {
  const auto source = sources_.find(number);
  return source == sources_.end() || source->second.taken.empty() ? 0 : source->second.taken.back().session;
}

void Redelivery::take_changes(std::vector<RowChange>& changes) {
  for (auto& [number, source] : sources_) {
    if (!source.dirty) continue;
    source.dirty = false;
    std::string key, value;
    ByteWriter(key).put(number);
    ByteWriter writer(value);
    writer.put(kVersion);
    for (const auto& taken : source.taken) {
      writer.put(taken.session);
      writer.put(taken.packet_id);
      writer.put(static_cast<std::uint8_t>(taken.matched));
      writer.put(taken.content_hash);
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
    while (reader.ok() && !reader.at_end()) {
      Taken taken;
      taken.session = reader.take<std::uint32_t>();
      taken.packet_id = reader.take<std::uint16_t>();
      taken.matched = reader.take<std::uint8_t>() != 0;
      taken.content_hash = reader.take<std::uint64_t>();
      source.taken.push_back(taken);
    }
    good = good && reader.ok() && key_reader.ok();
  });
  if (!read) return read;
  if (!good) return corrupt_data("a stored row of the redelivery table does not decode");
  return {};
}

}  // namespace doppel

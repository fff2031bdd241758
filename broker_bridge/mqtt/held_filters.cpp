#include "broker_bridge/mqtt/held_filters.h"

#include <algorithm>
#include <iterator>

#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

constexpr std::uint8_t kVersion = 1;

}  // namespace

Result<std::unique_ptr<HeldFilters>> HeldFilters::open(Disk& disk, std::string name) {
  std::unique_ptr<HeldFilters> held(new HeldFilters(disk, std::move(name)));
  if (auto done = held->read(); !done) return done.error();
  return held;
}

Result<HeldFilters::Filters> HeldFilters::begin(const std::string& client_id, const Filters& wanted) {
  const std::lock_guard lock(mutex_);
  Filters retired, either = wanted;
  const Filters& held = held_[client_id];
  std::set_difference(held.begin(), held.end(), wanted.begin(), wanted.end(), std::inserter(retired, retired.end()));
  either.insert(held.begin(), held.end());
  if (auto done = hold(client_id, std::move(either)); !done) return done.error();
  return retired;
}

Result<void> HeldFilters::settle(const std::string& client_id, const Filters& wanted) {
  const std::lock_guard lock(mutex_);
  return hold(client_id, wanted);
}

Result<void> HeldFilters::hold(const std::string& client_id, Filters filters) {
  Filters& held = held_[client_id];
  if (held == filters) return {};
  held = std::move(filters);
  return write();
}

// Version, then for each client its id, the number of its filters, and these.
Result<void> HeldFilters::write() const {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.put(kVersion);
  for (const auto& [client_id, filters] : held_) {
    writer.put_bytes(client_id);
    writer.put(static_cast<std::uint32_t>(filters.size()));
    for (const auto& filter : filters) writer.put_bytes(filter);
  }
  const std::string fresh = name_ + ".new";
  auto file = disk_.open(fresh, Disk::Mode::open_or_create);
  if (!file) return file.error();
  for (const auto& done : {(*file)->truncate(0), (*file)->write_at(0, bytes), (*file)->sync()}) {
    if (!done) return done;
  }
  return disk_.rename(fresh, name_);
}

Result<void> HeldFilters::read() {
  const auto file = disk_.open(name_, Disk::Mode::open_existing);
  if (!file) return file.error().code == ErrorCode::not_found ? Result<void>() : file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  std::string bytes(*size, '\0');
  if (const auto got = (*file)->read_at(0, bytes.data(), bytes.size()); !got) return got.error();
  ByteReader reader(bytes);
  bool sound = reader.take<std::uint8_t>() == kVersion;
  while (sound && reader.ok() && !reader.at_end()) {
    Filters& filters = held_[std::string(reader.take_bytes())];
    for (auto left = reader.take<std::uint32_t>(); left > 0 && reader.ok(); --left) filters.emplace(reader.take_bytes());
  }
  if (sound && reader.ok()) return {};
  return corrupt_data(name_ + " does not decode: it says which subscriptions brokers keep for this node. Remove it, and end those that "
                      "are no longer configured at the broker");
}

}  // namespace doppel

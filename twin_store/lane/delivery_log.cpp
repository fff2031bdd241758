#include "twin_store/lane/delivery_log.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

constexpr std::string_view kPrefix = "delivery-", kSuffix = ".log";
enum class Entry : std::uint8_t { key = 1, revision = 2 };

std::string file_name(std::uint64_t number) { return std::string(kPrefix) + std::to_string(number) + std::string(kSuffix); }

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

OutboxKey take_key(ByteReader& reader) {
  OutboxKey key;
  for (auto& byte : key.incarnation.bytes) byte = reader.take<std::uint8_t>();
  key.epoch = reader.take<Epoch>();
  key.mark = reader.take<Position>();
  key.ordinal = reader.take<std::uint32_t>();
  return key;
}

}  // namespace

Result<std::unique_ptr<DeliveryLog>> DeliveryLog::open(Disk& disk, std::string folder) {
  if (auto made = disk.make_folder(folder); !made) return made.error();
  std::unique_ptr<DeliveryLog> log(new DeliveryLog(disk, std::move(folder)));
  if (auto read = log->read_all(); !read) return read.error();
  if (auto rotated = log->rotate(); !rotated) return rotated.error();
  return log;
}

Result<void> DeliveryLog::read_all() {
  auto names = disk_.list(folder_);
  if (!names) return names.error();
  for (const auto& name : *names) {
    const auto number = number_of(name);
    if (!number) continue;
    auto file = disk_.open(folder_ + "/" + name, Disk::Mode::open_existing);
    if (!file) return file.error();
    const auto size = (*file)->size();
    if (!size) return size.error();
    std::string bytes(*size, '\0');
    const auto read = (*file)->read_at(0, bytes.data(), bytes.size());
    if (!read) return read.error();
    bytes.resize(*read);
    read_file(bytes);
    numbers_.insert(*number);
  }
  return {};
}

void DeliveryLog::read_file(std::string_view bytes) {
  ByteReader file(bytes);
  while (!file.at_end()) {
    const auto crc = file.take<std::uint32_t>();
    const auto entry = file.take_bytes();
    if (!file.ok() || crc32c(entry) != crc) return;
    ByteReader reader(entry);
    const auto kind = reader.take<Entry>();
    if (kind == Entry::key) {
      const auto key = take_key(reader);
      if (reader.ok()) at_opening_.keys.insert(key);
    } else if (kind == Entry::revision) {
      const auto revision = reader.take<std::uint64_t>();
      auto& highest = at_opening_.revisions[std::string(reader.take_bytes())];
      highest = std::max(highest, revision);
    }
  }
}

Result<void> DeliveryLog::add(const OutboxKey& key) {
  std::string entry;
  ByteWriter writer(entry);
  writer.put(Entry::key);
  for (const auto byte : key.incarnation.bytes) writer.put(byte);
  writer.put(key.epoch);
  writer.put(key.mark);
  writer.put(key.ordinal);
  return append(entry);
}

Result<void> DeliveryLog::add(std::string_view target, std::uint64_t revision) {
  std::string entry;
  ByteWriter writer(entry);
  writer.put(Entry::revision);
  writer.put(revision);
  writer.put_bytes(target);
  return append(entry);
}

Result<void> DeliveryLog::append(std::string_view entry) {
  std::string framed;
  ByteWriter writer(framed);
  writer.put(crc32c(entry));
  writer.put_bytes(entry);
  if (auto written = file_->write_at(end_, framed); !written) return written;
  end_ += framed.size();
  return {};
}

Result<std::uint64_t> DeliveryLog::rotate() {
  const std::uint64_t number = numbers_.empty() ? 1 : *numbers_.rbegin() + 1;
  auto file = disk_.open(folder_ + "/" + file_name(number), Disk::Mode::create_new);
  if (!file) return file.error();
  file_ = std::move(*file);
  end_ = 0;
  numbers_.insert(number);
  return number;
}

Result<void> DeliveryLog::drop_before(std::uint64_t number) {
  while (!numbers_.empty() && *numbers_.begin() < number) {
    if (auto removed = disk_.remove(folder_ + "/" + file_name(*numbers_.begin())); !removed) return removed;
    numbers_.erase(numbers_.begin());
  }
  return {};
}

}  // namespace doppel

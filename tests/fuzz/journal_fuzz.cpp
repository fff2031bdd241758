// Whatever bytes are in a journal's folder: opening ends, reading ends, and no record comes out that was not appended.
#include <cstdlib>
#include <map>
#include <string>

#include "tests/support/faulty_disk.h"
#include "twin_store/journal/journal.h"

namespace {

using namespace doppel;

const Timestamp kStart = from_nanoseconds(1'767'225'600'000'000'000);
constexpr const char* kSegments[] = {"j/0000000001.segment", "j/0000000002.segment"};

JournalOptions options() {
  JournalOptions options;
  options.sync = SyncPolicy::never;
  options.segment_bytes = 64u << 10;
  options.boot_id = "boot";
  return options;
}

using Appended = std::map<Position, std::string>;

// Two segments of records of many sizes.
const Appended& sound_journal(FaultyDisk& disk) {
  static std::string segments[2];
  static const Appended appended = [] {
    FaultyDisk maker;
    const ManualClock clock(kStart);
    const auto opened = open_journal(maker, "j", clock, options());
    Appended made;
    for (int i = 0; i < 150; ++i) {
      const std::string payload(static_cast<std::size_t>(i * 37 % 1500), static_cast<char>('a' + i % 26));
      NewRecord record;
      record.topic = "topic";
      record.payload = payload;
      made[*opened->journal->append(record)] = payload;
    }
    for (int i = 0; i < 2; ++i) segments[i] = maker.content(kSegments[i]);
    return made;
  }();
  for (int i = 0; i < 2; ++i) disk.set_content(kSegments[i], segments[i]);
  return appended;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// The input is a list of edits (u8 segment, u16 offset, u8 size, bytes) to a sound journal; an input that begins with a 255 is a segment itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FaultyDisk disk;
  const auto& appended = sound_journal(disk);
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with('\xff')) {
    disk.set_content(kSegments[1], std::string(input.substr(1)));
  } else {
    while (input.size() >= 4) {
      const auto* segment = kSegments[static_cast<std::size_t>(input[0] & 1)];
      const std::size_t offset = static_cast<std::size_t>(static_cast<unsigned char>(input[1])) << 8 | static_cast<unsigned char>(input[2]);
      const auto bytes = input.substr(4, static_cast<unsigned char>(input[3]));
      input.remove_prefix(4 + bytes.size());
      auto content = disk.content(segment);
      content.replace(offset, bytes.size(), bytes);
      disk.set_content(segment, std::move(content));
    }
  }
  const ManualClock clock(kStart);
  auto opened = open_journal(disk, "j", clock, options());
  if (!opened) return 0;
  const auto first = opened->journal->first();
  if (first == Position::none) return 0;
  auto reader = opened->journal->read_after(Position{to_number(first) - 1});
  std::vector<Record> records;
  while (reader) {
    const auto before = records.size();
    if (!(*reader)->read(100, JournalReader::Views::keep_earlier, records) || records.size() == before) break;
  }
  Position last = Position::none;
  for (const auto& record : records) {
    require(record.position > last);
    last = record.position;
    if (record.kind != RecordKind::message) continue;
    const auto found = appended.find(record.position);
    require(found != appended.end() && found->second == record.payload);
  }
  return 0;
}

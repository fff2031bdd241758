// Whatever bytes are in a journal's folder: opening ends, reading ends, positions rise; and whatever bits are flipped, no message comes out
// that was not appended.
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

struct SoundJournal {
  Appended appended;
  std::string segments[2];
};

// Two segments of records of many sizes.
SoundJournal make_journal() {
  FaultyDisk disk;
  const ManualClock clock(kStart);
  const auto opened = open_journal(disk, "j", clock, options());
  SoundJournal made;
  for (int i = 0; i < 150; ++i) {
    const std::string payload(static_cast<std::size_t>(i * 37 % 1500), static_cast<char>('a' + i % 26));
    NewRecord record;
    record.topic = "topic";
    record.payload = payload;
    made.appended[*opened->journal->append(record)] = payload;
  }
  for (int i = 0; i < 2; ++i) made.segments[i] = disk.content(kSegments[i]);
  return made;
}

void require(bool holds) {
  if (!holds) std::abort();
}

// An input that begins with a 255 is the second segment itself.
bool is_segment(std::string_view input) { return input.starts_with('\xff'); }

// Any other is a list of flips: u8 segment, u16 offset, u8 size, bits to flip. As bits, because a fuzzer that sees a checksum compared
// puts the right one where its input shows the wrong one.
void flip(std::string (&segments)[2], std::string_view input) {
  while (input.size() >= 4) {
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(input[i])); };
    std::string& segment = segments[byte(0) & 1];
    const std::size_t offset = byte(1) << 8 | byte(2);
    const auto bits = input.substr(4, byte(3));
    for (std::size_t i = 0; i < bits.size() && offset + i < segment.size(); ++i)
      segment[offset + i] = static_cast<char>(segment[offset + i] ^ bits[i]);
    input.remove_prefix(4 + bits.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SoundJournal sound = make_journal();
  std::string segments[] = {sound.segments[0], sound.segments[1]};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (is_segment(input)) segments[1] = input.substr(1);
  else flip(segments, input);
  FaultyDisk disk;
  for (int i = 0; i < 2; ++i) disk.set_content(kSegments[i], std::move(segments[i]));
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
    if (record.kind != RecordKind::message || is_segment(input)) continue;
    const auto found = sound.appended.find(record.position);
    require(found != sound.appended.end() && found->second == record.payload);
  }
  return 0;
}

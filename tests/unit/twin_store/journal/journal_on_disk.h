// A journal on a disk that can fail, opened and reopened under a clock that a test moves.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/faulty_disk.h"
#include "twin_store/journal/format.h"
#include "twin_store/journal/journal.h"

namespace doppel {

// A record that owns its text.
struct Kept {
  Position position;
  Epoch epoch;
  RecordKind kind;
  Timestamp arrival;
  std::string topic, payload;
};

class JournalOnDisk {
 public:
  static constexpr const char* kFolder = "journal";

  JournalOnDisk() {
    options.sync = SyncPolicy::never;
    options.segment_bytes = 64u << 10;
    options.budget_bytes = 16 * options.segment_bytes;
    options.boot_id = "boot-1";
    options.program = "test 1";
  }

  Result<void> try_open() {
    journal.reset();
    auto opened = open_journal(disk, kFolder, clock, options);
    if (!opened) return opened.error();
    journal = std::move(opened->journal);
    found = std::move(opened->recovery);
    return {};
  }
  void open() {
    const auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void kill() { journal.reset(); }  // as a process that dies: no end record
  void close() {
    const auto closed = journal->close();
    ASSERT_TRUE(closed) << closed.error().message;
    journal.reset();
  }
  void cut_power() {
    disk.cut_power();
    journal.reset();
    options.boot_id += "+";
  }

  Result<Position> try_append(std::string_view payload, RecordKind kind = RecordKind::message) {
    NewRecord record;
    record.kind = kind;
    record.topic = "topic";
    record.payload = payload;
    return journal->append(record);
  }
  Position append(std::string_view payload, RecordKind kind = RecordKind::message) {
    const auto position = try_append(payload, kind);
    EXPECT_TRUE(position) << position.error().message;
    return position.value_or(Position::none);
  }
  void append_many(int count, std::size_t size = 100) {
    for (int i = 0; i < count; ++i) append(std::string(size, static_cast<char>('a' + i % 26)));
  }

  // All there is behind `after`, in steps of `batch`.
  std::vector<Kept> read(Position after = Position::none, std::size_t batch = 7) {
    auto reader = journal->read_after(after);
    EXPECT_TRUE(reader) << reader.error().message;
    return reader ? read_on(**reader, batch) : std::vector<Kept>();
  }
  static std::vector<Kept> read_on(JournalReader& reader, std::size_t batch = 7) {
    std::vector<Kept> all;
    while (true) {
      std::vector<Record> records;
      const auto read = reader.read(batch, JournalReader::Views::free_earlier, records);
      EXPECT_TRUE(read) << read.error().message;
      if (records.empty()) return all;
      for (const auto& r : records)
        all.push_back({r.position, r.epoch, r.kind, r.arrival, std::string(r.topic), std::string(r.payload)});
    }
  }
  std::vector<std::string> messages(Position after = Position::none) {
    std::vector<std::string> payloads;
    for (auto& record : read(after)) {
      if (record.kind == RecordKind::message) payloads.push_back(std::move(record.payload));
    }
    return payloads;
  }
  static std::string segment(std::uint64_t number) { return std::string(kFolder) + "/" + segment_name(number); }
  std::vector<std::string> files() { return *disk.list(kFolder); }

  FaultyDisk disk;
  ManualClock clock{from_nanoseconds(1'767'225'600'000'000'000)};  // 2026-01-01T00:00:00Z
  JournalOptions options;
  JournalRecovery found;
  std::unique_ptr<Journal> journal;
};

}  // namespace doppel

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/twin_store/journal/journal_on_disk.h"
#include "twin_store/model/bytes.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

using Ending = JournalRecovery::Ending;
using namespace std::chrono_literals;

TEST(Journal, Rule4_a_clean_stop_is_seen_as_one) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.close();
  on.options.boot_id = "boot-2";
  on.open();
  EXPECT_EQ(on.found.ending, Ending::clean);
  EXPECT_EQ(on.found.last, Position{3});
  EXPECT_EQ(on.append("b"), Position{5});
}

TEST(Journal, Rule4_a_clean_stop_after_a_crash_leaves_no_doubt_for_the_next_boot) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.kill();
  on.open();
  on.close();
  on.options.boot_id = "boot-2";
  on.open();
  EXPECT_EQ(on.found.ending, Ending::clean);
  const auto last = on.journal->last();
  on.close();
  on.open();
  EXPECT_EQ(on.journal->last(), last) << "a process that appends nothing writes nothing";
}

TEST(Journal, Rule4_a_process_that_died_left_every_accepted_record) {
  JournalOnDisk on;
  on.open();
  on.append_many(200);
  const auto last = on.journal->last();
  on.clock.advance(1s);
  on.kill();
  on.open();
  EXPECT_EQ(on.found.ending, Ending::process_died);
  EXPECT_FALSE(needs_new_epoch(on.found));
  EXPECT_EQ(on.found.last, last);
  EXPECT_EQ(on.found.last_arrival, on.clock.wall() - 1s);
  EXPECT_EQ(on.found.torn_bytes, 0u);
  EXPECT_EQ(on.journal->epoch(), Epoch::first);
  EXPECT_EQ(on.messages().size(), 200u);
}

TEST(Journal, Rule4_a_kill_within_the_last_write_cuts_that_record_and_nothing_else_at_every_point) {
  const std::string last(301, 'z');
  for (std::size_t kept = 0; kept < 360; ++kept) {
    JournalOnDisk on;
    on.open();
    on.append("a");
    on.append("b");
    on.append(last);
    const auto size = on.disk.last_write_size();
    ASSERT_LE(size, 360u);
    if (kept >= size) break;
    on.kill();
    on.disk.tear_last_write(kept);
    on.open();
    // Zeros at the end of a record are zeros with it and without: only there does a torn record survive whole.
    const bool is_whole = kept >= kRecordHeaderSize + 5 + last.size();
    EXPECT_EQ(on.found.ending, Ending::process_died);
    EXPECT_TRUE(on.found.corrupt.empty()) << kept;
    EXPECT_EQ(on.messages(), is_whole ? (std::vector<std::string>{"a", "b", last}) : (std::vector<std::string>{"a", "b"})) << kept;
    const auto next = on.append("c");
    EXPECT_EQ(on.messages(Position{to_number(next) - 1}), std::vector<std::string>{"c"});
    on.kill();
    on.open();
    EXPECT_EQ(on.messages().back(), "c") << kept;
  }
}

TEST(Journal, Rule4_another_boot_under_never_or_interval_may_have_lost_a_tail_and_wants_a_new_epoch) {
  for (const auto policy : {SyncPolicy::never, SyncPolicy::interval}) {
    JournalOnDisk on;
    on.options.sync = policy;
    on.options.sync_interval = 10min;
    on.open();
    on.append("a");
    const auto arrival = on.clock.wall();
    ASSERT_TRUE(on.journal->sync());
    on.clock.advance(3s);
    on.append("lost");
    const auto lost = on.journal->last();
    on.cut_power();
    on.open();
    EXPECT_EQ(on.found.ending, Ending::tail_may_be_lost);
    EXPECT_EQ(on.found.last, Position{2});
    EXPECT_EQ(on.found.last_arrival, arrival) << "from here on events may be lost";
    const auto refused = on.try_append("too early");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);

    ASSERT_TRUE(on.journal->begin_epoch(on.found.last));
    EXPECT_EQ(on.journal->epoch(), Epoch{2});
    const auto first_of_epoch = on.append("b");
    EXPECT_GT(to_number(first_of_epoch), to_number(lost) + (1u << 20));
    on.cut_power();
    on.open();
    EXPECT_EQ(on.journal->epoch(), Epoch{2}) << "the epoch itself is on the medium";
  }
}

TEST(Journal, Rule4_the_doubt_stays_until_the_new_epoch_has_begun) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.cut_power();
  for (int i = 0; i < 3; ++i) {
    on.open();
    EXPECT_EQ(on.found.ending, Ending::tail_may_be_lost);
    on.kill();
  }
  on.open();
  ASSERT_TRUE(on.journal->begin_epoch(on.found.last));
  on.kill();
  on.open();
  EXPECT_EQ(on.found.ending, Ending::process_died);
  EXPECT_EQ(on.journal->epoch(), Epoch{2});
}

TEST(Journal, Rule4_a_power_cut_after_a_clean_stop_and_a_new_start_is_not_taken_for_clean) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.close();
  on.open();
  on.append("lost");
  on.cut_power();
  on.open();
  EXPECT_EQ(on.found.ending, Ending::tail_may_be_lost);
}

TEST(Journal, Rule4_positions_skip_ahead_of_a_store_that_knows_more) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  const Position store{5'000'000};
  EXPECT_EQ(on.journal->read_after(store).error().code, ErrorCode::not_found);
  ASSERT_TRUE(on.journal->begin_epoch(store));
  EXPECT_GT(on.append("b"), Position{to_number(store) + (1u << 20)});
  EXPECT_EQ(on.messages(store), std::vector<std::string>{"b"});
  EXPECT_EQ(on.messages(), (std::vector<std::string>{"a", "b"}));
}

TEST(Journal, Rule4_a_reader_goes_on_across_epochs) {
  JournalOnDisk on;
  on.open();
  auto reader = on.journal->read_after(Position::none);
  for (std::uint32_t epoch = 1; epoch < 5; ++epoch) {
    on.append(std::to_string(epoch));
    ASSERT_TRUE(on.journal->begin_epoch(Position::none));
  }
  Position last = Position::none;
  std::uint32_t epoch = 0;
  for (const auto& record : JournalOnDisk::read_on(**reader)) {
    EXPECT_GT(record.position, last);
    last = record.position;
    if (record.kind == RecordKind::message) {
      EXPECT_EQ(to_number(record.epoch), ++epoch);
    }
  }
  EXPECT_EQ(epoch, 4u);
}

TEST(Journal, Rule3_a_bad_record_with_valid_successors_is_quarantined) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.append("bad");
  on.append("c");
  on.kill();
  const auto before = on.disk.content(on.segment(1));
  const auto at = before.find("bad");
  on.disk.flip_bit(on.segment(1), at * 8);
  on.open();
  ASSERT_EQ(on.found.corrupt.size(), 1u);
  const auto& bad = on.found.corrupt[0];
  EXPECT_EQ(bad.file, on.segment(1));
  EXPECT_EQ(bad.before, Position{2});
  EXPECT_EQ(bad.after, Position{4});
  EXPECT_LE(bad.first_offset, at);
  EXPECT_GT(bad.last_offset, at);
  EXPECT_EQ(on.disk.content(std::string(JournalOnDisk::kFolder) + "/quarantine/" + quarantine_name({Epoch::first, 1, bad.first_offset, bad.last_offset})),
            on.disk.content(on.segment(1)).substr(bad.first_offset, bad.last_offset - bad.first_offset));
  EXPECT_EQ(on.messages(), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(on.try_append("too early").error().code, ErrorCode::conflict);

  on.kill();
  on.open();
  EXPECT_EQ(on.found.corrupt.size(), 1u) << "named again until the new epoch has begun";
  ASSERT_TRUE(on.journal->begin_epoch(on.found.last));
  on.append("d");
  on.kill();
  on.open();
  EXPECT_TRUE(on.found.corrupt.empty()) << "the new epoch was the answer";
  EXPECT_EQ(on.messages(), (std::vector<std::string>{"a", "c", "d"}));
}

// Bits all over a small journal of two segments, one at a time: what is read was appended, and what is missing is named.
TEST(Journal, Rule3_a_flipped_bit_anywhere_is_named_and_never_makes_a_record) {
  JournalOnDisk sound;
  sound.open();
  std::map<Position, std::string> appended;
  for (int i = 0; i < 9; ++i) {
    const std::string payload = std::string(static_cast<std::size_t>(i == 4 ? 16'000 : i < 4 ? 13'000 : i), static_cast<char>('a' + i));
    appended[sound.append(payload)] = payload;
  }
  sound.kill();
  std::map<std::string, std::string> files;
  for (const auto& name : sound.files()) {
    if (name.ends_with(".segment")) files["journal/" + name] = sound.disk.content("journal/" + name);
  }
  ASSERT_EQ(files.size(), 2u);

  for (const auto& [name, bytes] : files) {
    const auto content_end = bytes.find_last_not_of('\0') + 1;
    const auto is_dense = [&](std::uint64_t bit) { return bit % (kHeaderCopyOffset * 8) < kSegmentHeaderSize * 8 || bit > content_end * 8 - 9'000; };
    for (std::uint64_t bit = 0; bit < content_end * 8; bit += is_dense(bit) ? 13 : 4001) {
      if (bytes[bit / 8] == 0 && bit / 8 < kFirstRecordOffset && bit / 8 % kHeaderCopyOffset >= kSegmentHeaderSize) continue;  // says nothing
      JournalOnDisk on;
      for (const auto& [other, content] : files) on.disk.set_content(other, content);
      on.disk.flip_bit(name, bit);
      on.open();
      std::size_t records = 0;
      for (const auto& record : on.read()) {
        if (record.kind != RecordKind::message) continue;
        ++records;
        ASSERT_EQ(record.payload, appended.at(record.position)) << name << " bit " << bit;
      }
      const bool is_tail = on.found.torn_bytes > 0;
      EXPECT_NE(is_tail, !on.found.corrupt.empty()) << name << " bit " << bit;
      EXPECT_GE(records, appended.size() - 1) << name << " bit " << bit;
    }
  }
}

TEST(Journal, Rule3_a_header_page_that_is_broken_is_named_and_mended_from_its_copy) {
  for (const std::uint64_t page : {std::uint64_t{0}, kHeaderCopyOffset}) {
    JournalOnDisk on;
    on.open();
    on.append("a");
    on.kill();
    const auto sound = on.disk.content(on.segment(1));
    auto broken = sound;
    broken.replace(page, kSegmentHeaderSize, kSegmentHeaderSize, '\0');
    on.disk.set_content(on.segment(1), broken);
    on.open();
    ASSERT_EQ(on.found.corrupt.size(), 1u);
    EXPECT_EQ(on.found.corrupt[0].first_offset, page);
    EXPECT_EQ(on.disk.content(on.segment(1)), sound);
    EXPECT_EQ(on.messages(), std::vector<std::string>{"a"});
    on.kill();
    on.open();
    EXPECT_EQ(on.found.corrupt.size(), 1u) << "mended, but not answered by a new epoch yet";
  }
}

TEST(Journal, Rule3_a_segment_without_any_readable_header_is_moved_to_quarantine_whole) {
  JournalOnDisk on;
  on.open();
  on.append_many(300, 700);
  on.kill();
  auto broken = on.disk.content(on.segment(2));
  broken.replace(0, kFirstRecordOffset, kFirstRecordOffset, '\x55');
  on.disk.set_content(on.segment(2), broken);
  on.open();
  ASSERT_EQ(on.found.corrupt.size(), 2u) << "the file, and the positions that are missing";
  EXPECT_EQ(on.found.corrupt[0].last_offset - on.found.corrupt[0].first_offset, 0u);
  EXPECT_EQ(on.found.corrupt[1].file, on.segment(2));
  EXPECT_EQ(on.disk.content("journal/quarantine/" + quarantine_name({Epoch::first, 2, 0, broken.size()})), broken);
  const auto kept = on.messages().size();
  EXPECT_LT(kept, 300u);
  EXPECT_GT(kept, 150u);
  ASSERT_TRUE(on.journal->begin_epoch(on.found.last));
  on.append("later");
  EXPECT_EQ(on.messages().size(), kept + 1);
}

TEST(Journal, Rule3_when_no_header_is_readable_nothing_is_taken_for_new) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.kill();
  auto broken = on.disk.content(on.segment(1));
  broken.replace(0, kFirstRecordOffset, kFirstRecordOffset, '\x55');
  on.disk.set_content(on.segment(1), broken);
  on.open();
  EXPECT_NE(on.found.ending, Ending::fresh);
  EXPECT_TRUE(needs_new_epoch(on.found));
  EXPECT_EQ(on.try_append("b").error().code, ErrorCode::conflict);
  ASSERT_TRUE(on.journal->begin_epoch(Position{77}));
  EXPECT_GT(on.append("b"), Position{77});
  EXPECT_EQ(on.messages(Position{77}), std::vector<std::string>{"b"});
}

TEST(Journal, a_payload_that_looks_like_a_record_does_not_become_one_when_its_record_breaks) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  const auto whole = on.disk.content(on.segment(1));
  const auto own = whole.substr(kFirstRecordOffset);  // the best copy there is: of this very segment
  std::string forged;
  SegmentHeader guess;
  guess.boot_id = on.options.boot_id;  // all but the time to the nanosecond
  guess.created = on.clock.wall() + 1ns;
  encode(guess);
  NewRecord lie;
  lie.payload = "never appended";
  for (std::uint64_t position = 4; position < 60; ++position) append_record(forged, lie, Position{position}, on.clock.wall(), guess.seed);
  on.append(own.substr(0, 512) + forged);
  on.kill();
  on.disk.flip_bit(on.segment(1), (whole.find_last_not_of('\0') / 8 * 8 + 8 + 10) * 8);  // in the fixed part of the last
  on.open();
  EXPECT_EQ(on.messages(), std::vector<std::string>{"a"});
  EXPECT_TRUE(on.found.corrupt.empty());
  EXPECT_GT(on.found.torn_bytes, 0u);
}

TEST(Journal, a_newer_version_is_refused_by_name) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.kill();
  auto bytes = on.disk.content(on.segment(1));
  bytes[8] = 9;
  std::string crc;
  ByteWriter(crc).put(crc32c(std::string_view(bytes).substr(0, kSegmentHeaderSize - 4)));
  bytes.replace(kSegmentHeaderSize - 4, 4, crc);
  on.disk.set_content(on.segment(1), bytes);
  const auto opened = on.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::conflict);
  EXPECT_NE(opened.error().message.find("0000000001.segment: segment version 9"), std::string::npos) << opened.error().message;
}

TEST(Journal, a_record_kind_of_a_newer_program_stops_the_reader_and_names_itself) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.append("b", static_cast<RecordKind>(99));
  auto reader = on.journal->read_after(Position::none);
  ASSERT_TRUE(reader);
  std::vector<Record> records;
  ASSERT_TRUE((*reader)->read(10, JournalReader::Views::free_earlier, records));
  EXPECT_EQ(records.size(), 2u);
  const auto read = (*reader)->read(10, JournalReader::Views::keep_earlier, records);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::conflict);
  EXPECT_NE(read.error().message.find("record kind 99 at position 3"), std::string::npos) << read.error().message;
}

// Of what was not synced any part may have reached the medium: recovery ends, invents nothing, and loses nothing that was synced.
TEST(Journal, Rule4_a_power_cut_that_keeps_some_pages_loses_only_what_was_not_synced) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    JournalOnDisk on;
    on.open();
    std::map<Position, std::string> appended;
    std::size_t synced = 0;
    for (int i = 0; i < 60; ++i) {
      const std::string payload = std::to_string(i) + std::string(seed % 7 * 400, 'p');
      appended[on.append(payload)] = payload;
      if (i == 20) {
        ASSERT_TRUE(on.journal->sync());
        synced = appended.size();
      }
    }
    const auto last = on.journal->last();
    on.kill();
    on.disk.cut_power(seed);
    on.options.boot_id = "boot-2";
    on.open();
    EXPECT_EQ(on.found.ending, Ending::tail_may_be_lost);
    ASSERT_TRUE(on.journal->begin_epoch(on.found.last));
    EXPECT_GT(to_number(on.append("next")), to_number(last));
    std::size_t read = 0;
    Position before = Position::none;
    for (const auto& record : on.read()) {
      ASSERT_GT(record.position, before);
      before = record.position;
      if (record.kind != RecordKind::message || record.epoch != Epoch::first) continue;
      ASSERT_EQ(record.payload, appended.at(record.position)) << "seed " << seed;
      if (++read <= synced) {
        ASSERT_EQ(record.position, Position{read + 1}) << "seed " << seed;
      }
    }
    EXPECT_GE(read, synced) << "seed " << seed;
    on.kill();
    on.open();
    EXPECT_TRUE(on.found.corrupt.empty()) << "seed " << seed;
    EXPECT_EQ(on.messages().back(), "next") << "seed " << seed;
  }
}

TEST(Journal, opening_reads_only_what_a_replay_or_a_power_cut_can_reach) {
  JournalOnDisk on;
  on.options.budget_bytes = 128 * on.options.segment_bytes;
  on.open();
  for (int i = 0; i < 40; ++i) {
    on.append_many(70, 700);
    ASSERT_TRUE(on.journal->sync());
    on.journal->set_committed(on.journal->last());
  }
  const auto records = on.journal->last();
  on.kill();
  const auto calls = on.disk.calls();
  on.open();
  EXPECT_EQ(on.found.last, records);
  const auto segments = on.journal->size_bytes() / on.options.segment_bytes;
  EXPECT_GT(segments, 30u);
  EXPECT_LT(on.disk.calls() - calls, 4 * segments) << "headers of all, records of the last ones";
  EXPECT_EQ(on.read(Position::none, 1000).size(), to_number(records)) << "the others are read when a reader comes to them";
}

TEST(Journal, corruption_that_opening_had_no_reason_to_read_stops_a_reader_with_the_place) {
  JournalOnDisk on;
  on.options.budget_bytes = 128 * on.options.segment_bytes;
  on.open();
  for (int i = 0; i < 5; ++i) {
    on.append_many(70, 700);
    ASSERT_TRUE(on.journal->sync());
    on.journal->set_committed(on.journal->last());
  }
  on.kill();
  on.disk.flip_bit(on.segment(1), 20'000 * 8);
  on.open();
  auto reader = on.journal->read_after(Position::none);
  ASSERT_TRUE(reader);
  Result<void> read;
  std::vector<Record> records;
  for (int i = 0; i < 100 && read; ++i) read = (*reader)->read(10, JournalReader::Views::free_earlier, records);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::corrupt_data);
  EXPECT_NE(read.error().message.find("0000000001.segment, offset "), std::string::npos) << read.error().message;
}

}  // namespace
}  // namespace doppel

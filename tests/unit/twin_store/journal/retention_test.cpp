#include <gtest/gtest.h>

#include "tests/unit/twin_store/journal/journal_on_disk.h"

namespace doppel {
namespace {

using namespace std::chrono_literals;

// Fills until something is refused; returns the refusal.
Error fill(JournalOnDisk& on) {
  while (true) {
    const auto position = on.try_append(std::string(1'000, 'x'));
    if (!position) return position.error();
  }
}

TEST(JournalRetention, a_full_journal_names_the_limit_and_goes_on_when_the_store_has_committed) {
  JournalOnDisk on;
  on.options.budget_bytes = 5 * on.options.segment_bytes;
  on.open();
  const auto full = fill(on);
  EXPECT_EQ(full.code, ErrorCode::limit_exceeded);
  EXPECT_NE(full.message.find("budget_bytes is 327680"), std::string::npos) << full.message;
  EXPECT_EQ(on.journal->first(), Position{1}) << "nothing is removed that is not committed";
  const auto last = on.journal->last();
  on.journal->set_committed(last);
  EXPECT_EQ(on.append(std::string(1'000, 'x')), next(last));
  EXPECT_GT(on.journal->first(), Position{1});
  EXPECT_LE(on.journal->size_bytes(), on.options.budget_bytes);
}

TEST(JournalRetention, it_can_be_asked_whether_it_takes_messages) {
  JournalOnDisk on;
  on.options.budget_bytes = 5 * on.options.segment_bytes;
  on.open();
  EXPECT_TRUE(on.journal->takes_messages());
  const auto refusal = fill(on);
  while (on.try_append("")) {
  }
  ASSERT_FALSE(on.journal->takes_messages());
  EXPECT_EQ(on.journal->takes_messages().error().message, refusal.message);
  on.journal->set_committed(on.journal->last());
  EXPECT_TRUE(on.journal->takes_messages());
  on.disk.fail_from(1, EIO);
  EXPECT_FALSE(on.try_append("x"));
  ASSERT_FALSE(on.journal->takes_messages());
  EXPECT_EQ(on.journal->takes_messages().error().code, ErrorCode::unavailable);
}

TEST(JournalRetention, a_full_journal_still_takes_marks_so_that_it_can_be_worked_off) {
  JournalOnDisk on;
  on.options.budget_bytes = 5 * on.options.segment_bytes;
  on.open();
  fill(on);
  for (int i = 0; i < 200; ++i) on.append("mark", RecordKind::mark);
  on.append("tick", RecordKind::tick);
  EXPECT_EQ(on.try_append("message").error().code, ErrorCode::limit_exceeded) << "the reserve is not for messages";
  EXPECT_LE(on.journal->size_bytes(), on.options.budget_bytes);
}

TEST(JournalRetention, size_never_passes_the_budget_while_the_store_keeps_up) {
  JournalOnDisk on;
  on.options.budget_bytes = 5 * on.options.segment_bytes;
  on.open();
  for (int i = 0; i < 3'000; ++i) {
    on.append(std::string(1'000, 'x'));
    on.journal->set_committed(on.journal->last());
    ASSERT_LE(on.journal->size_bytes(), on.options.budget_bytes);
  }
  std::uint64_t on_disk = 0;
  for (const auto& name : on.files()) on_disk += on.disk.content("journal/" + name).size();
  EXPECT_LE(on_disk, on.options.budget_bytes);
  const auto first = on.journal->first();
  EXPECT_EQ(on.read(Position{to_number(first) - 1}).front().position, first);
}

TEST(JournalRetention, records_are_kept_to_the_minute) {
  JournalOnDisk on;
  on.options.keep = 90min;
  on.open();
  on.append_many(300, 700);
  on.clock.advance(89min);
  on.journal->set_committed(on.journal->last());
  EXPECT_EQ(on.journal->first(), Position{1});
  on.clock.advance(2min);
  on.journal->set_committed(on.journal->last());
  EXPECT_GT(on.journal->first(), Position{1});
}

TEST(JournalRetention, old_segments_go_but_never_past_the_committed_position) {
  JournalOnDisk on;
  on.options.keep = std::chrono::hours(24);
  on.open();
  on.append_many(300, 700);
  const auto old = on.journal->last();
  on.clock.advance(25h);
  on.append_many(100, 700);
  EXPECT_EQ(on.journal->first(), Position{1});
  on.journal->set_committed(Position{100});
  EXPECT_GT(on.journal->first(), Position{1});
  EXPECT_LE(on.journal->first(), Position{101});
  on.journal->set_committed(on.journal->last());
  EXPECT_GT(on.journal->first(), Position{101});
  EXPECT_LE(on.journal->first(), next(old)) << "the segment that was begun before and filled later stays";
  on.journal->set_committed(Position{1});  // going back is ignored
  EXPECT_GT(on.journal->first(), Position{101});

  const auto gone = on.journal->read_after(Position{50});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  EXPECT_NE(gone.error().message.find("position 51 is not kept"), std::string::npos) << gone.error().message;
}

TEST(JournalRetention, a_reader_that_retention_overtakes_is_told) {
  JournalOnDisk on;
  on.options.budget_bytes = 5 * on.options.segment_bytes;
  on.open();
  on.append_many(10, 700);
  auto reader = on.journal->read_after(Position::none);
  ASSERT_TRUE(reader);
  std::vector<Record> records;
  ASSERT_TRUE((*reader)->read(5, JournalReader::Views::free_earlier, records));
  for (int i = 0; i < 1'000; ++i) {
    on.append(std::string(1'000, 'x'));
    on.journal->set_committed(on.journal->last());
  }
  Result<void> read;
  while (read) {
    records.clear();
    read = (*reader)->read(100, JournalReader::Views::free_earlier, records);
    if (records.empty()) break;
  }
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::not_found);
}

TEST(JournalRetention, what_quarantine_holds_goes_with_its_segment) {
  JournalOnDisk on;
  on.open();
  on.append_many(10, 700);
  on.kill();
  on.disk.flip_bit(on.segment(1), (kFirstRecordOffset + 1'000) * 8);
  on.open();
  ASSERT_EQ(on.found.corrupt.size(), 1u);
  EXPECT_EQ(on.disk.list("journal/quarantine")->size(), 1u);
  ASSERT_TRUE(on.journal->begin_epoch(on.found.last));
  on.append_many(100, 700);
  on.clock.advance(48h);
  on.append("now");
  on.journal->set_committed(on.journal->last());
  EXPECT_TRUE(on.disk.list("journal/quarantine")->empty());
}

}  // namespace
}  // namespace doppel

#include <gtest/gtest.h>

#include "tests/unit/twin_store/journal/journal_on_disk.h"

namespace doppel {
namespace {

using Views = JournalReader::Views;

TEST(JournalReader, follows_the_end_record_by_record) {
  JournalOnDisk on;
  on.open();
  on.append("0");
  auto reader = on.journal->read_after(on.journal->last());
  ASSERT_TRUE(reader);
  EXPECT_TRUE(JournalOnDisk::read_on(**reader).empty());
  for (int i = 0; i < 500; ++i) {
    on.append(std::string(static_cast<std::size_t>(i * 31 % 900), 'x'));
    const auto got = JournalOnDisk::read_on(**reader);
    ASSERT_EQ(got.size(), 1u) << i;
    EXPECT_EQ(got[0].position, on.journal->last());
  }
}

TEST(JournalReader, begins_behind_any_position) {
  JournalOnDisk on;
  on.open();
  on.append_many(250, 700);  // several segments
  const auto last = to_number(on.journal->last());
  for (std::uint64_t after = 0; after <= last; ++after) {
    const auto all = on.read(Position{after}, 1000);
    ASSERT_EQ(all.size(), last - after);
    if (after < last) {
      EXPECT_EQ(all.front().position, Position{after + 1});
    }
  }
  EXPECT_EQ(on.journal->read_after(Position{last + 1}).error().code, ErrorCode::not_found);
}

TEST(JournalReader, keeps_the_views_of_earlier_reads_when_told) {
  JournalOnDisk on;
  on.options.segment_bytes = 1u << 20;
  on.options.budget_bytes = 16u << 20;
  on.open();
  std::vector<std::string> payloads;
  for (int i = 0; i < 4'000; ++i) {
    payloads.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i % 1000 == 999 ? 200'000 : i % 300), 'y'));
    on.append(payloads.back());
  }
  auto reader = on.journal->read_after(Position{1});
  ASSERT_TRUE(reader);
  std::vector<Record> records;
  while (true) {
    const auto before = records.size();
    ASSERT_TRUE((*reader)->read(333, records.empty() ? Views::free_earlier : Views::keep_earlier, records));
    if (records.size() == before) break;
  }
  ASSERT_EQ(records.size(), payloads.size());
  for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i].payload, payloads[i]);
}

TEST(JournalReader, leaves_bytes_to_read_behind_every_payload) {
  JournalOnDisk on;
  on.open();
  on.append_many(400, 500);
  auto reader = on.journal->read_after(Position::none);
  ASSERT_TRUE(reader);
  std::vector<Record> records;
  unsigned sum = 0;  // an address sanitizer watches
  while (true) {
    records.clear();
    ASSERT_TRUE((*reader)->read(50, Views::free_earlier, records));
    if (records.empty()) break;
    for (const auto& record : records) {
      const volatile char* behind = record.payload.data() + record.payload.size();
      for (std::size_t i = 0; i < kReadablePadding; ++i) sum += static_cast<unsigned char>(behind[i]);
    }
  }
  EXPECT_GT(sum, 0u);
}

TEST(JournalReader, hands_out_large_records_a_few_at_a_time) {
  JournalOnDisk on;
  on.options.segment_bytes = 8u << 20;
  on.options.budget_bytes = 64u << 20;
  on.open();
  on.append_many(12, 1'500'000);
  auto reader = on.journal->read_after(Position{1});
  ASSERT_TRUE(reader);
  std::vector<Record> records;
  ASSERT_TRUE((*reader)->read(1000, Views::free_earlier, records));
  EXPECT_EQ(records.size(), 3u);
  EXPECT_EQ(JournalOnDisk::read_on(**reader, 1000).size(), 9u);
}

TEST(JournalReader, outlives_its_journal) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  auto reader = on.journal->read_after(Position::none);
  on.close();
  EXPECT_EQ(JournalOnDisk::read_on(**reader).size(), 3u);
}

TEST(JournalReader, reads_beside_a_writer_without_changing_anything) {
  JournalOnDisk on;
  on.open();
  on.append_many(150, 700);
  const auto before = on.disk.content(on.segment(1));
  auto reader = open_journal_readonly(on.disk, JournalOnDisk::kFolder, Position::none);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(JournalOnDisk::read_on(**reader).size(), 151u);
  EXPECT_EQ(on.disk.content(on.segment(1)), before);
  on.append("later");
  EXPECT_EQ(open_journal_readonly(on.disk, "elsewhere", Position::none).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace doppel

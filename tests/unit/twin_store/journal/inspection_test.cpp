#include "twin_store/journal/inspection.h"

#include <gtest/gtest.h>

#include "tests/unit/twin_store/journal/journal_on_disk.h"

namespace doppel {
namespace {

TEST(JournalInspection, verify_says_what_a_sound_journal_holds) {
  JournalOnDisk on;
  on.open();
  on.append_many(150, 700);
  on.close();
  const auto report = verify_journal(on.disk, JournalOnDisk::kFolder);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->is_intact());
  EXPECT_EQ(report->segments.size(), 2u);
  EXPECT_NE(to_text(*report).find("journal: 152 records, 0 bad ranges; ended cleanly"), std::string::npos) << to_text(*report);
  EXPECT_NE(to_json_lines(*report).find(R"({"summary":{"records":152,"bad_ranges":0,"intact":true,"torn_bytes":0,"last":152,"ending":"clean"}})"),
            std::string::npos)
      << to_json_lines(*report);
}

TEST(JournalInspection, verify_names_bad_bytes_also_in_segments_that_opening_does_not_read_and_changes_nothing) {
  JournalOnDisk on;
  on.open();
  on.append_many(300, 700);
  ASSERT_TRUE(on.journal->sync());
  on.journal->set_committed(on.journal->last());
  on.append_many(300, 700);
  on.close();
  on.disk.flip_bit(on.segment(1), 30'000 * 8);
  const auto before = on.files();
  const auto report = verify_journal(on.disk, JournalOnDisk::kFolder);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->is_intact());
  EXPECT_NE(to_text(*report).find("CORRUPT journal/0000000001.segment: bytes "), std::string::npos) << to_text(*report);
  EXPECT_NE(to_json_lines(*report).find(R"({"corrupt":"journal/0000000001.segment","first_offset":)"), std::string::npos);
  EXPECT_EQ(on.files(), before);
  EXPECT_TRUE(on.disk.list("journal/quarantine")->empty());
}

TEST(JournalInspection, dump_prints_a_line_a_record_and_goes_on_behind_bad_bytes) {
  JournalOnDisk on;
  on.open();
  std::string headers;
  append_header(headers, HeaderTag::content_type, "text/plain");
  NewRecord record;
  record.delivery = {.qos = 1, .dup = true, .retained = false, .packet_id = 7, .source = 1, .session = 2};
  record.headers = headers;
  record.topic = "a/\"b\"";
  record.payload = "line\n\xff";
  ASSERT_TRUE(on.journal->append(record));
  on.append("broken");
  on.append("last");
  on.close();
  on.disk.flip_bit(on.segment(1), on.disk.content(on.segment(1)).find("broken") * 8);

  std::vector<std::string> lines;
  const auto keep = [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  ASSERT_TRUE(dump_journal(on.disk, JournalOnDisk::kFolder, Position{1}, DumpFormat::json, keep));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0],
            R"({"position":2,"epoch":1,"kind":"message","arrival":"2026-01-01T00:00:00Z","source":1,"session":2,"packet_id":7,"qos":1,)"
            R"("dup":true,"retained":false,"headers":[{"tag":"content_type","number":1,"value":"text/plain"}],"topic":"a/\"b\"",)"
            R"("payload":{"base64":"bGluZQr/"}})");
  lines.clear();
  ASSERT_TRUE(dump_journal(on.disk, JournalOnDisk::kFolder, Position::none, DumpFormat::text, keep));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[2], R"(4  2026-01-01T00:00:00Z  message  "topic"  "last")");
  EXPECT_EQ(lines[3].substr(0, 3), "5  ");
}

TEST(JournalInspection, where_there_is_no_journal_it_says_so) {
  FaultyDisk disk;
  EXPECT_EQ(verify_journal(disk, "nowhere").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace doppel

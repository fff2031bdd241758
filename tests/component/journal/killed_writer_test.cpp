#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/component/journal/temporary_folder.h"
#include "twin_store/journal/inspection.h"
#include "twin_store/journal/journal.h"

namespace doppel {
namespace {

JournalOptions options(SyncPolicy policy) {
  JournalOptions options;
  options.sync = policy;
  options.segment_bytes = 256u << 10;
  options.boot_id = boot_id();
  options.program = "killed_writer_test";
  return options;
}

std::string payload_of(std::uint64_t position) { return "payload of " + std::to_string(position) + std::string(position % 700, '.'); }

// In the child: appends until it is killed, and tells the parent each position once it is accepted.
[[noreturn]] void append_until_killed(const std::string& folder, SyncPolicy policy, int report) {
  const auto disk = open_system_disk(folder);
  const SystemClock clock;
  auto opened = open_journal(**disk, "journal", clock, options(policy));
  if (!opened) ::_exit(1);
  while (true) {
    NewRecord record;
    const auto expected = payload_of(to_number(opened->journal->last()));
    record.payload = expected;
    const auto position = opened->journal->append(record);
    if (!position) ::_exit(2);
    const auto number = to_number(*position);
    if (::write(report, &number, sizeof number) != sizeof number) ::_exit(3);
  }
}

// Starts a writer, lets it accept `records`, kills it. Returns the last position that it reported.
std::uint64_t run_and_kill(const std::string& folder, SyncPolicy policy, int records) {
  int pipe_ends[2];
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const auto child = ::fork();
  if (child == 0) {
    ::close(pipe_ends[0]);
    append_until_killed(folder, policy, pipe_ends[1]);
  }
  ::close(pipe_ends[1]);
  std::uint64_t accepted = 0, number = 0;
  for (int i = 0; i < records && ::read(pipe_ends[0], &number, sizeof number) == sizeof number; ++i) accepted = number;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(pipe_ends[0], &number, sizeof number) == sizeof number) accepted = number;
  ::close(pipe_ends[0]);
  return accepted;
}

TEST(KilledWriter, Rule4_leaves_every_accepted_record_however_often_it_is_killed) {
  for (const auto policy : {SyncPolicy::never, SyncPolicy::interval, SyncPolicy::always}) {
    const TemporaryFolder folder;
    for (int life = 0; life < 4; ++life) {
      const auto accepted = run_and_kill(folder.path(), policy, policy == SyncPolicy::always ? 20 : 500 + 61 * life);
      ASSERT_GT(accepted, 0u);
      const auto disk = std::move(*open_system_disk(folder.path()));
      const SystemClock clock;
      const auto opened = open_journal(*disk, "journal", clock, options(policy));
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(opened->recovery.ending, JournalRecovery::Ending::process_died);
      EXPECT_TRUE(opened->recovery.corrupt.empty());
      EXPECT_GE(to_number(opened->recovery.last), accepted);
      EXPECT_LE(to_number(opened->recovery.last), accepted + 1);
      const auto reader = std::move(*opened->journal->read_after(Position::none));
      std::uint64_t position = 0;
      while (true) {
        std::vector<Record> records;
        ASSERT_TRUE(reader->read(100, JournalReader::Views::free_earlier, records));
        if (records.empty()) break;
        for (const auto& record : records) {
          ASSERT_EQ(to_number(record.position), ++position);
          if (record.kind != RecordKind::message) continue;
          const bool follows_start = record.payload == payload_of(position - 2);  // the start record came between
          ASSERT_TRUE(record.payload == payload_of(position - 1) || follows_start) << position;
        }
      }
      EXPECT_EQ(position, to_number(opened->recovery.last));
      ASSERT_TRUE(opened->journal->close());
    }
  }
}

TEST(JournalLock, a_second_process_is_refused_with_the_pid_of_the_first) {
  const TemporaryFolder folder;
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const auto child = ::fork();
  if (child == 0) append_until_killed(folder.path(), SyncPolicy::never, pipe_ends[1]);
  std::uint64_t number = 0;
  ASSERT_EQ(::read(pipe_ends[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));

  const auto disk = std::move(*open_system_disk(folder.path()));
  const SystemClock clock;
  const auto second = open_journal(*disk, "journal", clock, options(SyncPolicy::never));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_NE(second.error().message.find("LOCK is held by process " + std::to_string(child)), std::string::npos) << second.error().message;

  const auto report = verify_journal(*disk, "journal");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->is_intact()) << to_text(*report);
  EXPECT_GT(to_number(report->recovery.last), 0u);

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  EXPECT_TRUE(open_journal(*disk, "journal", clock, options(SyncPolicy::never)));
}

}  // namespace
}  // namespace doppel

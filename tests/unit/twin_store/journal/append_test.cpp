#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <thread>

#include "tests/unit/twin_store/journal/journal_on_disk.h"

namespace doppel {
namespace {

using namespace std::chrono_literals;

std::int64_t step_of(const Kept& record) {
  std::int64_t step = 0;
  EXPECT_EQ(record.payload.size(), sizeof step);
  std::memcpy(&step, record.payload.data(), sizeof step);
  return step;
}

TEST(Journal, a_new_one_begins_with_a_start_record_before_the_first_message) {
  JournalOnDisk on;
  on.open();
  EXPECT_EQ(on.found.ending, JournalRecovery::Ending::fresh);
  EXPECT_EQ(on.journal->last(), Position::none);
  EXPECT_EQ(on.journal->first(), Position::none);
  EXPECT_EQ(on.append("a"), Position{2});
  const auto all = on.read();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].kind, RecordKind::start);
  const auto start = decode_start(all[0].payload);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->boot_id, "boot-1");
  EXPECT_EQ(start->program, "test 1");
  EXPECT_EQ(on.journal->first(), Position{1});
}

TEST(Journal, Rule2_a_record_comes_back_with_everything_that_was_said_of_it) {
  JournalOnDisk on;
  on.open();
  std::string headers;
  append_header(headers, HeaderTag::user_property, std::string_view("unit\0C", 6));
  NewRecord record;
  record.kind = RecordKind::uplink;
  record.delivery = {.qos = 2, .dup = true, .retained = true, .packet_id = 65'535, .source = 65'535, .session = 4'294'967'295};
  record.headers = headers;
  record.topic = "north";
  record.payload = std::string_view("\0\xff\0", 3);
  const auto position = on.journal->append(record);
  ASSERT_TRUE(position);

  auto reader = on.journal->read_after(Position{to_number(*position) - 1});
  ASSERT_TRUE(reader);
  std::vector<Record> got;
  ASSERT_TRUE((*reader)->read(10, JournalReader::Views::free_earlier, got));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].position, *position);
  EXPECT_EQ(got[0].epoch, Epoch::first);
  EXPECT_EQ(got[0].kind, RecordKind::uplink);
  EXPECT_EQ(got[0].delivery.qos, 2);
  EXPECT_TRUE(got[0].delivery.dup && got[0].delivery.retained);
  EXPECT_EQ(got[0].delivery.packet_id, 65'535);
  EXPECT_EQ(got[0].delivery.source, 65'535);
  EXPECT_EQ(got[0].delivery.session, 4'294'967'295u);
  EXPECT_EQ(got[0].headers, headers);
  EXPECT_EQ(got[0].topic, "north");
  EXPECT_EQ(got[0].payload, std::string_view("\0\xff\0", 3));
  EXPECT_EQ(got[0].arrival, on.clock.wall());
}

TEST(Journal, what_is_too_large_is_refused_with_the_limit_and_the_journal_goes_on) {
  JournalOnDisk on;
  on.open();
  const auto large = on.try_append(std::string(on.options.segment_bytes / 4, 'x'));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::invalid_input);
  EXPECT_NE(large.error().message.find("at most 16384"), std::string::npos) << large.error().message;
  NewRecord record;
  const std::string topic(65'536, 't');
  record.topic = topic;
  EXPECT_EQ(on.journal->append(record).error().code, ErrorCode::invalid_input);
  EXPECT_TRUE(on.try_append(std::string(on.options.segment_bytes / 4 - 56, 'x')));
}

TEST(Journal, Rule16_arrival_follows_the_monotonic_clock_while_the_wall_clock_wanders_less_than_a_second) {
  JournalOnDisk on;
  on.open();
  const auto start = on.clock.wall();
  on.append("a");
  on.clock.advance(10s);
  on.clock.step_wall(-900ms);
  on.append("b");
  const auto all = on.read();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].arrival, start);
  EXPECT_EQ(all[2].arrival, start + 10s);
}

TEST(Journal, Rule16_a_wall_clock_that_steps_over_a_second_leaves_a_record_and_lane_time_never_goes_back) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.clock.advance(1s);
  on.clock.step_wall(-1h);
  on.append("b");
  on.clock.advance(1s);
  on.clock.step_wall(2h);
  on.append("c");
  const auto all = on.read();
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[2].kind, RecordKind::clock_step);
  EXPECT_EQ(step_of(all[2]), to_nanoseconds(Timestamp(-1h)));
  EXPECT_EQ(all[4].kind, RecordKind::clock_step);
  EXPECT_EQ(step_of(all[4]), to_nanoseconds(Timestamp(2h)));
  EXPECT_EQ(all[5].arrival, on.clock.wall());

  Duration steps{0};
  Timestamp lane_time = all[0].arrival;
  for (const auto& record : all) {
    if (record.kind == RecordKind::clock_step) steps += Duration(step_of(record));
    EXPECT_GE(record.arrival - steps, lane_time);
    lane_time = record.arrival - steps;
  }
}

TEST(Journal, Rule16_a_clock_behind_the_last_arrival_at_start_leaves_a_clock_step) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  on.kill();
  on.clock.step_wall(-24h);
  on.open();
  on.append("b");
  const auto all = on.read();
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(all[2].kind, RecordKind::clock_step);
  EXPECT_EQ(step_of(all[2]), to_nanoseconds(Timestamp(-24h)));
  EXPECT_EQ(all[3].kind, RecordKind::start);
  EXPECT_EQ(all[4].arrival, on.clock.wall());
}

TEST(Journal, a_wait_ends_at_once_when_a_later_record_is_there_already) {
  JournalOnDisk on;
  on.open();
  const auto position = on.append("a");
  on.journal->wait_for_append(Position{to_number(position) - 1}, std::nullopt);
}

TEST(Journal, a_wait_ends_with_an_append_with_a_wake_and_with_a_wake_that_came_before) {
  JournalOnDisk on;
  on.open();
  const auto seen = on.append("a");
  auto waiting = std::async(std::launch::async, [&] { on.journal->wait_for_append(seen, std::nullopt); });
  on.append("b");
  waiting.get();

  waiting = std::async(std::launch::async, [&] { on.journal->wait_for_append(on.journal->last(), std::nullopt); });
  on.journal->wake();
  waiting.get();

  on.journal->wake();
  on.journal->wait_for_append(on.journal->last(), std::nullopt);
}

TEST(Journal, a_wait_ends_at_its_deadline) {
  JournalOnDisk on;
  on.open();
  on.journal->wait_for_append(on.journal->last(), on.clock.monotonic() + 1ms);
  on.journal->wait_for_append(on.journal->last(), on.clock.monotonic() - 1h);
}

TEST(Journal, Rule1_several_threads_append_and_every_record_has_its_own_position) {
  constexpr int kThreads = 4, kEach = 500;
  for (const auto policy : {SyncPolicy::never, SyncPolicy::interval, SyncPolicy::always}) {
    JournalOnDisk on;
    on.options.sync = policy;
    on.options.sync_interval = 1ms;
    on.options.budget_bytes = 64 * on.options.segment_bytes;
    on.open();
    std::vector<std::vector<Position>> positions(kThreads);
    std::vector<Kept> followed;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
          for (int i = 0; i < kEach; ++i) positions[static_cast<std::size_t>(t)].push_back(on.append(std::to_string(t) + ":" + std::to_string(i)));
        });
      }
      threads.emplace_back([&] {
        auto reader = on.journal->read_after(Position::none);
        Position seen = Position::none;
        while (followed.size() < kThreads * kEach + 1) {
          on.journal->wait_for_append(seen, std::nullopt);
          for (auto& record : JournalOnDisk::read_on(**reader, 64)) followed.push_back(std::move(record));
          seen = followed.back().position;
        }
      });
    }
    const auto all = on.read(Position::none, 100);
    ASSERT_EQ(all.size(), kThreads * kEach + 1u);
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].position, Position{i + 1});
      EXPECT_EQ(followed[i].payload, all[i].payload);
    }
    for (int t = 0; t < kThreads; ++t) {
      for (int i = 0; i < kEach; ++i) {
        const auto position = positions[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)];
        EXPECT_EQ(all[to_number(position) - 1].payload, std::to_string(t) + ":" + std::to_string(i));
      }
    }
  }
}

TEST(Journal, a_failed_write_sticks_and_a_reopened_journal_has_all_that_was_accepted) {
  JournalOnDisk on;
  on.open();
  on.append("accepted");
  on.disk.fail_from(1, ENOSPC);
  const auto refused = on.try_append("refused");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find("journal/0000000001.segment: write: No space left on device"), std::string::npos)
      << refused.error().message;
  on.disk.heal();
  EXPECT_EQ(on.try_append("later").error().message, refused.error().message);
  EXPECT_FALSE(on.journal->sync());
  EXPECT_FALSE(on.journal->close());
  on.open();
  EXPECT_EQ(on.messages(), std::vector<std::string>{"accepted"});
  EXPECT_GT(on.found.torn_bytes, 0u);
  EXPECT_EQ(on.append("b"), Position{4});
}

TEST(Journal, a_disk_that_fails_at_any_call_loses_nothing_accepted_and_invents_nothing) {
  std::uint64_t calls = 0;
  for (std::uint64_t n = 0; n == 0 || n <= calls; ++n) {
    JournalOnDisk on;
    on.options.sync = SyncPolicy::always;
    if (n > 0) on.disk.fail_from(n, EIO);
    std::vector<std::string> accepted;
    if (on.try_open()) {
      for (int i = 0; i < 12; ++i) {
        const std::string payload = std::to_string(i) + std::string(9'000, 'x');
        if (on.try_append(payload)) accepted.push_back(payload);
      }
      if (n == 0) on.close();
    }
    if (n == 0) calls = on.disk.calls();
    on.kill();
    on.disk.cut_power();
    on.options.boot_id = "boot-2";
    on.open();
    if (needs_new_epoch(on.found)) {
      ASSERT_TRUE(on.journal->begin_epoch(on.found.last));
    }
    auto found = on.journal->last() == Position::none ? std::vector<std::string>() : on.messages();
    ASSERT_GE(found.size(), accepted.size()) << "call " << n;
    ASSERT_LE(found.size(), accepted.size() + 1) << "call " << n;  // one more may have reached the disk before the failure
    found.resize(accepted.size());
    EXPECT_EQ(found, accepted) << "call " << n;
  }
}

TEST(Journal, a_closed_one_refuses_appends_and_lets_go_of_its_lock) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  ASSERT_TRUE(on.journal->close());
  ASSERT_TRUE(on.journal->close());
  EXPECT_EQ(on.try_append("b").error().message, "journal: the journal is closed");
  EXPECT_TRUE(open_journal(on.disk, JournalOnDisk::kFolder, on.clock, on.options));
}

TEST(Journal, wrong_options_are_said_all_at_once) {
  JournalOnDisk on;
  on.options.segment_bytes = 1;
  on.options.budget_bytes = 3;
  on.options.sync_interval = 0ms;
  const auto opened = on.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_input);
  for (const auto* word : {"segment_bytes is 1, allowed are 65536 to 268435456", "budget_bytes is 3", "sync_interval is 0 ms"})
    EXPECT_NE(opened.error().message.find(word), std::string::npos) << opened.error().message;
}

TEST(Journal, a_second_writer_is_refused) {
  JournalOnDisk on;
  on.open();
  const auto second = open_journal(on.disk, JournalOnDisk::kFolder, on.clock, on.options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  on.close();
  on.open();
}

}  // namespace
}  // namespace doppel

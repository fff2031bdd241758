#include <gtest/gtest.h>

#include <cerrno>
#include <future>

#include "tests/unit/twin_store/journal/journal_on_disk.h"

namespace doppel {
namespace {

using namespace std::chrono_literals;

TEST(JournalSync, Rule4_always_has_every_accepted_record_on_the_medium) {
  JournalOnDisk on;
  on.options.sync = SyncPolicy::always;
  on.open();
  on.append_many(300, 700);  // several segments
  EXPECT_EQ(on.journal->last_synced(), on.journal->last());
  on.cut_power();
  on.open();
  EXPECT_EQ(on.found.ending, JournalRecovery::Ending::process_died);
  EXPECT_EQ(on.messages().size(), 300u);
}

TEST(JournalSync, interval_syncs_by_itself_and_tells_the_listener) {
  JournalOnDisk on;
  on.options.sync = SyncPolicy::interval;
  on.options.sync_interval = 1ms;
  on.open();
  std::promise<Position> synced;
  on.journal->on_synced([&](Position position) { synced.set_value(position); });
  const auto position = on.append("a");
  EXPECT_EQ(synced.get_future().get(), position);
  EXPECT_EQ(on.journal->last_synced(), position);
  on.cut_power();
  on.open();
  EXPECT_EQ(on.messages(), std::vector<std::string>{"a"});
}

TEST(JournalSync, interval_does_nothing_while_nothing_is_appended) {
  JournalOnDisk on;
  on.options.sync = SyncPolicy::interval;
  on.options.sync_interval = 1ms;
  on.open();
  std::promise<void> synced;
  on.journal->on_synced([&](Position) { synced.set_value(); });
  on.append("a");
  synced.get_future().get();
  const auto calls = on.disk.calls();
  on.journal->wait_for_append(on.journal->last(), on.clock.monotonic() + 20ms);
  EXPECT_EQ(on.disk.calls(), calls);
}

TEST(JournalSync, interval_that_fails_sticks_and_wakes_who_waits) {
  JournalOnDisk on;
  on.options.sync = SyncPolicy::interval;
  on.options.sync_interval = 1ms;
  on.open();
  on.append("a");
  on.disk.fail_from(2, EIO);  // the write passes, the sync does not
  const auto last = on.append("b");
  while (on.journal->sync()) on.journal->wait_for_append(last, std::nullopt);
  const auto refused = on.try_append("c");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST(JournalSync, never_syncs_only_when_told) {
  JournalOnDisk on;
  on.open();
  on.append("a");
  ASSERT_TRUE(on.journal->sync());
  on.append("b");
  EXPECT_EQ(on.journal->last_synced(), on.journal->last());
  on.cut_power();
  on.open();
  EXPECT_EQ(on.found.ending, JournalRecovery::Ending::tail_may_be_lost);
  EXPECT_EQ(on.messages(), std::vector<std::string>{"a"});
}

TEST(JournalSync, one_sync_carries_all_segments_filled_since_the_last) {
  JournalOnDisk on;
  on.open();
  on.append_many(300, 700);
  EXPECT_GT(on.journal->size_bytes(), 3 * on.options.segment_bytes);
  ASSERT_TRUE(on.journal->sync());
  on.cut_power();
  on.open();
  EXPECT_EQ(on.messages().size(), 300u);
}

TEST(JournalSync, always_fails_an_append_whose_sync_fails) {
  JournalOnDisk on;
  on.options.sync = SyncPolicy::always;
  on.open();
  on.append("a");
  on.disk.fail_from(2, EIO);
  EXPECT_EQ(on.try_append("b").error().code, ErrorCode::unavailable);
  EXPECT_EQ(on.try_append("c").error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace doppel

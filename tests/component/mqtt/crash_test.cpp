// What the broker sends again after the process has died inside the message callback.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

constexpr int kFailStop = 75;

std::string this_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

// Takes one message and refuses the next.
class JournalOfOne final : public FakeJournal {
 public:
  Result<Position> append(const NewRecord& record) override {
    if (!entries().empty()) return unavailable("packet " + std::to_string(record.delivery.packet_id));
    return FakeJournal::append(record);
  }
};

// Not a test: the process that dies. The test below runs it as a program of its own.
TEST(DISABLED_DyingSource, dies_in_the_callback_of_its_second_message) {
  const char* url = std::getenv("DOPPEL_TEST_BROKER");
  ASSERT_NE(url, nullptr);
  JournalOfOne journal;
  RunningSource source(source_options(url), journal, [](const std::string& reason) {
    std::ofstream(std::getenv("DOPPEL_TEST_REASON")) << reason;
    _exit(kFailStop);
  });
  eventually([] { return false; });
}

TEST(Crash, Rule5_and_14_a_message_that_was_not_journaled_comes_again_with_its_packet_id_and_dup) {
  if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
  const Mosquitto broker;
  const TemporaryFolder folder;
  const auto options = source_options(broker.url());
  {
    FakeJournal journal;  // makes the session at the broker
    RunningSource source(options, journal);
    ASSERT_TRUE(source.is_connected());
  }
  Device device(options.broker);
  for (const char* payload : {"first", "second", "third"}) ASSERT_TRUE(device.send("a", payload));

  const auto reason = folder.path() / "reason";
  ASSERT_EQ(run({"env", "DOPPEL_TEST_BROKER=" + broker.url(), "DOPPEL_TEST_REASON=" + reason.string(), this_program(),
                 "--gtest_also_run_disabled_tests", "--gtest_filter=DISABLED_DyingSource.*"}),
            kFailStop);
  std::string said;
  std::getline(std::ifstream(reason), said);

  FakeJournal journal;
  RunningSource source(options, journal);
  ASSERT_TRUE(eventually([&] { return journal.entries().size() >= 2; }));
  const auto entries = journal.entries();
  EXPECT_EQ(entries[0].payload, "second");
  EXPECT_TRUE(entries[0].delivery.dup);
  EXPECT_EQ(said, "the journal cannot take a message: packet " + std::to_string(entries[0].delivery.packet_id));
  EXPECT_EQ(entries[1].payload, "third");
}

}  // namespace
}  // namespace doppel

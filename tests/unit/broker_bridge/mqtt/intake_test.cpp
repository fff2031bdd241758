#include "broker_bridge/mqtt/intake.h"

#include <gtest/gtest.h>

#include "tests/support/fake_journal.h"
#include "twin_store/model/bytes.h"

namespace doppel {
namespace {

struct Stopped {
  std::string reason;
};

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() { message_.topic = "plant/p1", message_.payload = "{}"; }

  Intake intake(IntakeOptions options = {}) {
    options.patience = std::chrono::seconds(10);
    return Intake(options, journal_, {clock_, [this](Duration by) { clock_.advance(by); }},
                  [](const std::string& reason) { throw Stopped{reason}; }, counters_);
  }

  FakeJournal journal_;
  ManualClock clock_{Timestamp{}};
  MqttCounters counters_;
  ReceivedMessage message_;
};

TEST_F(IntakeTest, a_message_is_journaled_with_the_words_of_its_delivery) {
  message_.delivery = {.qos = 1, .dup = true, .retained = true, .packet_id = 77};
  IntakeOptions options;
  options.source = 3;
  intake(options).take(message_, 9);
  ASSERT_EQ(journal_.entries().size(), 1u);
  const auto entry = journal_.entries()[0];
  EXPECT_EQ(entry.topic, "plant/p1");
  EXPECT_EQ(entry.payload, "{}");
  EXPECT_EQ(entry.delivery.qos, 1);
  EXPECT_TRUE(entry.delivery.dup);
  EXPECT_TRUE(entry.delivery.retained);
  EXPECT_EQ(entry.delivery.packet_id, 77);
  EXPECT_EQ(entry.delivery.source, 3);
  EXPECT_EQ(entry.delivery.session, 9u);
  EXPECT_EQ(counters_.messages, 1u);
}

TEST_F(IntakeTest, Rule5_a_full_journal_is_waited_for) {
  journal_.refuse(limit_exceeded("the journal has 1024 MiB, its budget"), 100);
  intake().take(message_, 1);
  EXPECT_EQ(journal_.entries().size(), 1u);
  EXPECT_EQ(journal_.attempts(), 101);
}

TEST_F(IntakeTest, Rule5_a_journal_that_stays_full_for_a_third_of_the_keep_alive_ends_the_process_naming_the_limit) {
  journal_.refuse(limit_exceeded("the journal has 1024 MiB, its budget"), 100'000);
  const Duration before = clock_.monotonic();
  try {
    intake().take(message_, 1);
    FAIL() << "the message was taken";
  } catch (const Stopped& stopped) {
    EXPECT_EQ(stopped.reason, "the journal cannot take a message: the journal has 1024 MiB, its budget");
  }
  EXPECT_GE(clock_.monotonic() - before, std::chrono::seconds(10));
  EXPECT_LT(clock_.monotonic() - before, std::chrono::milliseconds(10'100));
  EXPECT_TRUE(journal_.entries().empty());
}

TEST_F(IntakeTest, Rule5_a_disk_that_refuses_ends_the_process_at_once) {
  journal_.refuse(unavailable("write of journal/1: input/output error"), 1);
  EXPECT_THROW(intake().take(message_, 1), Stopped);
  EXPECT_EQ(journal_.attempts(), 1);
}

TEST_F(IntakeTest, a_payload_over_the_limit_is_journaled_as_its_beginning_with_its_real_size) {
  const std::string payload(10'001, 'x');
  message_.payload = payload;
  IntakeOptions options;
  options.max_payload = 10'000;
  intake(options).take(message_, 1);
  const auto entry = journal_.entries()[0];
  EXPECT_EQ(entry.payload.size(), kTruncatedPayload);
  const auto size = find_header(entry.headers, HeaderTag::truncated_from);
  ASSERT_TRUE(size);
  EXPECT_EQ(ByteReader(*size).take<std::uint64_t>(), 10'001u);
  EXPECT_EQ(counters_.truncated, 1u);
}

TEST_F(IntakeTest, our_own_publications_that_come_back_are_dropped_and_counted) {
  IntakeOptions options;
  options.own_publications = "c0ffee.";
  Intake taking = intake(options);
  message_.publication_id = "c0ffee.1.12.0";
  taking.take(message_, 1);
  message_.publication_id = "beef.1.12.0";
  taking.take(message_, 1);
  EXPECT_EQ(journal_.entries().size(), 1u);
  EXPECT_EQ(counters_.own_dropped, 1u);
}

}  // namespace
}  // namespace doppel

// What functions publish, from the outbox to a real broker.
#include "edge_runtime/programs/publish_pump.h"

#include <gtest/gtest.h>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

class Pump : public testing::Test {
 protected:
  void SetUp() override {
    if (!Mosquitto::is_installed()) GTEST_SKIP() << "mosquitto is not installed";
    broker_.emplace();
    delivery_log_ = DeliveryLog::open(disk_, "delivery").value();
    outbox_ = std::make_unique<Outbox>(*delivery_log_, OutboxOptions{}, log_);
    outbox_->start(Position{1000});
    listener_ = std::make_unique<RunningSource>(source_options(broker_->url()), received_);
    ASSERT_TRUE(listener_->is_connected());
  }
  void start() {
    pump_ = PublishPump::start({source_options(broker_->url()).broker, "pump-under-test", 10}, *outbox_, loops_, clock_, log_).value();
  }
  void add(const std::string& topic, const std::string& payload, std::uint8_t qos, Position ready_after = Position{1}) {
    std::vector<OutboxRow> rows(1);
    rows[0].key.mark = Position{++marks_};
    rows[0].kind = OutboxKind::publish;
    rows[0].qos = qos;
    rows[0].target = topic;
    rows[0].payload = payload;
    outbox_->add(rows, ready_after);
  }
  bool delivers(std::uint64_t rows) {
    return eventually([&] { return outbox_->counts().delivered == rows; }) && outbox_->counts().undelivered == 0;
  }

  SystemClock clock_;
  NullLog log_;
  LoopGuard loops_{EdgeConfig()};
  std::optional<Mosquitto> broker_;
  FaultyDisk disk_;
  std::unique_ptr<DeliveryLog> delivery_log_;
  std::unique_ptr<Outbox> outbox_;
  FakeJournal received_;
  std::unique_ptr<RunningSource> listener_;
  std::unique_ptr<PublishPump> pump_;
  std::uint64_t marks_ = 0;
};

TEST_F(Pump, Rows_reach_the_broker_at_every_quality_of_service_under_their_key) {
  start();
  for (std::uint8_t qos = 0; qos <= 2; ++qos) add("out/" + std::to_string(qos), "x", qos);
  ASSERT_TRUE(delivers(3));
  ASSERT_TRUE(eventually([&] { return received_.entries().size() == 3; }));
  const auto entries = received_.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].topic, "out/" + std::to_string(i));
    const auto id = find_header(entries[i].headers, HeaderTag::user_property);
    ASSERT_TRUE(id);
    EXPECT_NE(id->find("." + std::to_string(i + 1) + ".0"), std::string_view::npos) << *id;
  }
}

TEST_F(Pump, Rows_wait_for_a_broker_that_is_away_and_leave_in_the_order_they_were_made) {
  broker_->stop();
  for (int i = 0; i < 100; ++i) add("out", std::to_string(i), 1);
  start();
  EXPECT_EQ(outbox_->counts().undelivered_of(OutboxKind::publish), 100u);
  broker_->start();
  ASSERT_TRUE(listener_->is_connected());
  ASSERT_TRUE(delivers(100));
  ASSERT_TRUE(eventually([&] { return received_.entries().size() == 100; }));
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(received_.entries()[i].payload, std::to_string(i));
}

TEST_F(Pump, Rule9_a_row_whose_cause_is_not_synced_stays) {
  start();
  add("out", "early", 1, Position{2000});
  add("out", "now", 1);
  ASSERT_TRUE(eventually([&] { return outbox_->counts().delivered == 1; }));
  EXPECT_EQ(outbox_->counts().undelivered, 1u);
  outbox_->release(Position{2000});
  ASSERT_TRUE(delivers(2));
  ASSERT_TRUE(eventually([&] { return received_.entries().size() == 2; }));
  EXPECT_EQ(received_.entries()[0].payload, "now");
}

TEST_F(Pump, What_no_broker_takes_is_given_up_so_that_the_rest_goes_on) {
  start();
  add("not/a/#/topic", "x", 1);
  add("out", "after", 1);
  ASSERT_TRUE(delivers(2));
  ASSERT_TRUE(eventually([&] { return received_.entries().size() == 1; }));
  EXPECT_EQ(received_.entries()[0].payload, "after");
}

}  // namespace
}  // namespace doppel

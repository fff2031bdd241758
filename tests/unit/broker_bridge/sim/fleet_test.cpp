#include "broker_bridge/sim/fleet.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace doppel {
namespace {

const Timestamp kStart = from_nanoseconds(1'700'000'000'000'000'000);

std::vector<SimMessage> messages(const std::string& toml, std::uint64_t* lost = nullptr) {
  auto scenario = parse_scenario(toml);
  EXPECT_TRUE(scenario) << scenario.error().message;
  Fleet fleet(std::move(scenario).value(), kStart);
  std::vector<SimMessage> all;
  for (SimMessage message; fleet.next(message);) all.push_back(message);
  if (lost) *lost = fleet.lost();
  return all;
}

std::string pumps(const std::string& settings) {
  return "seed = 3\nduration = \"60s\"\n[[devices]]\ncount = 10\nrate = 2\ntopic = \"plant/{area}/p-{n:3}\"\n" + settings +
         "\n[devices.parts]\narea = [\"north\", \"south\"]\n[devices.fields]\nv = { kind = \"walk\", start = 5, min = 0, max = 10 }\n";
}

std::string text(const std::vector<SimMessage>& all) {
  std::string result;
  for (const auto& message : all) result += std::to_string(message.at.count()) + message.topic + message.payload + '\n';
  return result;
}

TEST(Fleet, the_same_seed_gives_the_same_messages_and_another_one_others) {
  EXPECT_EQ(text(messages(pumps(""))), text(messages(pumps(""))));
  EXPECT_NE(text(messages(pumps(""))), text(messages("seed = 4" + pumps("").substr(8))));
}

TEST(Fleet, each_device_speaks_at_its_rate_on_its_topic) {
  std::map<std::string, int> counts;
  for (const auto& message : messages(pumps(""))) ++counts[message.topic];
  EXPECT_EQ(counts.size(), 10u);
  for (const auto& [topic, count] : counts) EXPECT_EQ(count, 120) << topic;
  EXPECT_TRUE(counts.contains("plant/north/p-001"));
  EXPECT_TRUE(counts.contains("plant/south/p-010"));
}

TEST(Fleet, messages_are_sent_in_the_order_of_their_times) {
  const auto all = messages(pumps(""));
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LE(all[i - 1].at, all[i].at);
  EXPECT_LT(all.back().at, std::chrono::seconds(60));
}

TEST(Fleet, payloads_are_json_with_the_time_of_the_event) {
  const auto all = messages("duration = \"2s\"\n[[devices]]\ntopic = \"a\"\n[devices.fields]\nv = 7\ns = \"x\"\n");
  ASSERT_FALSE(all.empty());
  const auto at = to_nanoseconds(kStart + all[0].at) / 1'000'000;
  EXPECT_EQ(all[0].payload, "{\"ts\":" + std::to_string(at) + ",\"v\":7,\"s\":\"x\"}");
}

TEST(Fleet, scalars_go_out_on_a_topic_for_each_field) {
  const auto all = messages("duration = \"1s\"\n[[devices]]\ntopic = \"a\"\npayload = \"scalar\"\n[devices.fields]\nv = 7\ns = \"x\"\n");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].topic, "a/v");
  EXPECT_EQ(all[0].payload, "7");
  EXPECT_EQ(all[1].topic, "a/s");
}

TEST(Fleet, loss_takes_about_its_share_and_changes_nothing_else) {
  std::uint64_t lost = 0;
  const auto some = messages(pumps("loss = 25"), &lost);
  EXPECT_EQ(some.size() + lost, 1200u);
  EXPECT_NEAR(static_cast<double>(lost), 300, 60);
  std::set<std::string> whole;
  for (const auto& message : messages(pumps(""))) whole.insert(message.topic + message.payload);
  for (const auto& message : some) EXPECT_TRUE(whole.contains(message.topic + message.payload));
}

TEST(Fleet, disorder_delays_messages_within_its_window) {
  const auto all = messages(pumps("disorder = \"3s\"\ntime_format = \"ms\""));
  ASSERT_EQ(all.size(), 1200u);
  bool overtaken = false;
  std::int64_t latest = 0;
  for (const auto& message : all) {
    const std::int64_t time = std::stoll(message.payload.substr(6));
    const std::int64_t sent = to_nanoseconds(kStart + message.at) / 1'000'000;
    EXPECT_GE(sent, time);
    EXPECT_LE(sent - time, 3001);
    overtaken = overtaken || time < latest;
    latest = std::max(latest, time);
  }
  EXPECT_TRUE(overtaken);
}

TEST(Fleet, spikes_come_to_their_share_of_devices) {
  const auto all = messages(
      "seed = 1\nduration = \"10m\"\n[[devices]]\ncount = 100\nrate = 1\ntopic = \"p/{n}\"\ntime = \"\"\n[devices.fields]\n"
      "v = { kind = \"constant\", value = 10, noise = 1, spikes = { every = \"5m\", length = \"30s\", add = 100, share = 0.2 } }\n");
  std::set<std::string> hot;
  for (const auto& message : all)
    if (std::stod(message.payload.substr(5)) > 50) hot.insert(message.topic);
  EXPECT_NEAR(static_cast<double>(hot.size()), 20, 10);
}

TEST(Fleet, moving_devices_stay_around_their_center) {
  const auto all = messages(
      "duration = \"10m\"\n[[devices]]\ncount = 5\nrate = 0.1\ntopic = \"b/{n}\"\ntime = \"\"\n[devices.geo]\nlon = 9.18\nlat = 48.78\n"
      "radius_km = 5\nspeed_kmh = 30\n[devices.fields]\nv = 1\n");
  std::set<std::string> places;
  for (const auto& message : all) {
    const auto lat = message.payload.find("\"lat\":");
    ASSERT_NE(lat, std::string::npos);
    EXPECT_NEAR(std::stod(message.payload.substr(7)), 9.18, 0.08);
    EXPECT_NEAR(std::stod(message.payload.substr(lat + 6)), 48.78, 0.05);
    places.insert(message.payload);
  }
  EXPECT_GT(places.size(), all.size() / 2);
}

TEST(Generator, numbers_have_no_trailing_zeros) {
  std::string out;
  append_number(out, 1.5, 3), out += ' ';
  append_number(out, 2, 3), out += ' ';
  append_number(out, -0.0001, 2), out += ' ';
  append_number(out, 100, 0);
  EXPECT_EQ(out, "1.5 2 0 100");
}

}  // namespace
}  // namespace doppel

#include "edge_runtime/http/stream_hub.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge_runtime/http/sse_parser.h"

namespace doppel {
namespace {

constexpr std::size_t kPlenty = 1u << 20;

class StreamHubTest : public testing::Test {
 protected:
  using Events = std::vector<SseEvent>;

  static Events read(StreamSource& source, std::size_t max_bytes = kPlenty) {
    std::vector<SharedText> texts;
    source.take(max_bytes, texts);
    Events events;
    SseParser parser;
    for (const auto& text : texts) parser.feed(*text, [&](const SseEvent& event) { events.push_back(event); });
    return events;
  }
  static std::string types(const Events& events) {
    std::string joined;
    for (const auto& event : events) joined += (joined.empty() ? "" : " ") + event.type;
    return joined;
  }
  static nlohmann::json data(const SseEvent& event) { return nlohmann::json::parse(event.data); }

  // Subscribes and reads the greeting.
  std::unique_ptr<StreamSource> join(StreamHub& hub, StreamFilter filter = {}) {
    auto source = hub.subscribe(std::move(filter), "");
    EXPECT_EQ(types(read(*source)), "open");
    return source;
  }
  static ChangedProperty reported(std::string_view name, ValueView value) {
    return {.name = name, .revision = 3, .reported = ChangedProperty::Reported{value, from_nanoseconds(1'000'000'000)}};
  }
  static ChangedProperty desired(std::string_view name, ValueView value) {
    return {.name = name, .revision = 4, .desired = ChangedProperty::Desired{value, from_nanoseconds(3'000'000'000)}};
  }
  static void publish(StreamHub& hub, std::string_view twin, std::string_view property = "t",
                      ValueView value = ValueView::of(1.5)) {
    const auto changed = reported(property, value);
    hub.publish({.twin = twin, .model = "motor", .revision = 7, .events = 5, .last_seen = from_nanoseconds(2'000'000'000), .properties = {&changed, 1}});
  }
  static void publish_many(StreamHub& hub, int count) {
    for (int i = 0; i < count; ++i) publish(hub, "twin" + std::to_string(i));
    hub.drain();
  }

  StreamHub hub_{"life"};
};

TEST_F(StreamHubTest, A_change_arrives_as_an_event_with_everything_it_says) {
  const auto client = join(hub_);
  publish(hub_, "plant/a");
  hub_.drain();
  const auto events = read(*client);
  ASSERT_EQ(types(events), "change");
  EXPECT_EQ(events[0].id, "life-1");
  EXPECT_EQ(data(events[0]), nlohmann::json::parse(R"({"id":"plant/a","model":"motor","rev":7,"events":5,
    "last_seen":"1970-01-01T00:00:02Z","properties":{"t":{"v":1.5,"ts":"1970-01-01T00:00:01Z","rev":3}}})"));
}

TEST_F(StreamHubTest, A_change_tells_what_is_gone_and_what_is_desired_and_a_filter_by_property_sees_both) {
  const auto by_gone = join(hub_, {.property = "old"}), by_desired = join(hub_, {.property = "limit"}), by_other = join(hub_, {.property = "other"});
  const auto limit = desired("limit", ValueView::of(80.0));
  const std::string_view gone[] = {"old", "older"};
  hub_.publish({.twin = "a", .revision = 4, .properties = {&limit, 1}, .removed = gone});
  hub_.drain();
  const auto events = read(*by_gone);
  ASSERT_EQ(types(events), "change");
  EXPECT_EQ(data(events[0]), nlohmann::json::parse(R"({"id":"a","model":"","rev":4,"events":0,"last_seen":null,
    "properties":{"limit":{"desired":80.0,"pending_since":"1970-01-01T00:00:03Z","rev":4}},"removed":["old","older"]})"));
  EXPECT_EQ(read(*by_desired).size(), 1u);
  EXPECT_EQ(read(*by_other).size(), 0u);
}

TEST_F(StreamHubTest, A_desired_value_that_is_too_large_leaves_its_time) {
  StreamHub hub("life", {.event_bytes = 1000});
  const auto client = join(hub);
  const std::string large(5000, 'x');
  const auto limit = desired("limit", ValueView::text(large));
  hub.publish({.twin = "a", .properties = {&limit, 1}});
  hub.drain();
  const auto told = data(read(*client).at(0))["properties"]["limit"];
  EXPECT_FALSE(told.contains("desired"));
  EXPECT_TRUE(told.contains("pending_since"));
}

TEST_F(StreamHubTest, Names_that_are_gone_and_have_no_room_are_counted) {
  StreamHub hub("life", {.event_bytes = 1000});
  const auto client = join(hub);
  const std::vector<std::string> names(100, std::string(50, 'n'));
  const std::vector<std::string_view> gone(names.begin(), names.end());
  hub.publish({.twin = "a", .removed = gone});
  hub.drain();
  const auto told = data(read(*client).at(0));
  EXPECT_EQ(told["removed"].size() + told["omitted"].get<std::size_t>(), 100u);
  EXPECT_LT(told.dump().size(), 1200u);
}

TEST_F(StreamHubTest, Without_listeners_nothing_is_assembled_or_kept) {
  EXPECT_FALSE(hub_.has_listeners());
  publish_many(hub_, 5);
  EXPECT_EQ(hub_.stats().events, 0u);
  const auto client = join(hub_);
  EXPECT_TRUE(hub_.has_listeners());
}

TEST_F(StreamHubTest, All_clients_share_one_text) {
  const auto one = join(hub_), two = join(hub_);
  publish_many(hub_, 1);
  std::vector<SharedText> texts;
  one->take(kPlenty, texts);
  two->take(kPlenty, texts);
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(texts[0].get(), texts[1].get());
}

TEST_F(StreamHubTest, Filters_by_twin_prefix_model_property_and_edge) {
  const auto by_twin = join(hub_, {.twin = "plant/a"});
  const auto by_prefix = join(hub_, {.prefix = "plant/"});
  const auto by_model = join(hub_, {.model = "pump"});
  const auto by_property = join(hub_, {.property = "p"});
  const auto by_edge = join(hub_, {.edge = "north"});
  publish(hub_, "plant/a");
  publish(hub_, "plant/b", "p");
  publish(hub_, "yard/a");
  hub_.publish({.edge = "north", .twin = "yard/b", .model = "pump"});
  hub_.drain();
  EXPECT_EQ(read(*by_twin).size(), 1u);
  EXPECT_EQ(read(*by_prefix).size(), 2u);
  EXPECT_EQ(read(*by_model).size(), 1u);
  EXPECT_EQ(read(*by_property).size(), 1u);
  EXPECT_EQ(read(*by_edge).size(), 1u);
}

TEST_F(StreamHubTest, A_client_that_comes_back_goes_on_after_its_last_event) {
  join(hub_);
  publish_many(hub_, 5);
  const auto back = hub_.subscribe({}, "life-2");
  const auto events = read(*back);
  EXPECT_EQ(types(events), "open change change change");
  EXPECT_EQ(events[0].id, "life-2");
  EXPECT_EQ(events[1].id, "life-3");
}

TEST_F(StreamHubTest, A_slow_client_loses_the_oldest_events_and_is_told_how_many) {
  StreamHub hub("life", {.ring_events = 3});
  const auto client = join(hub);
  publish_many(hub, 10);
  const auto events = read(*client);
  ASSERT_EQ(types(events), "gap change change change");
  EXPECT_EQ(data(events[0])["missed"], 7);
  EXPECT_EQ(events[0].id, "life-7");
  EXPECT_EQ(data(events[1])["id"], "twin7");
  EXPECT_EQ(hub.stats().gaps, 1u);
}

TEST_F(StreamHubTest, The_ring_is_bounded_in_bytes_too) {
  StreamHub hub("life", {.ring_bytes = 1000});
  const auto client = join(hub);
  publish_many(hub, 100);
  const auto events = read(*client);
  EXPECT_EQ(events[0].type, "gap");
  EXPECT_LT(events.size(), 10u);
}

TEST_F(StreamHubTest, Events_published_faster_than_they_are_taken_become_a_gap) {
  StreamHub hub("life", {.inbox_events = 4});
  const auto client = join(hub);
  for (int i = 0; i < 6; ++i) publish(hub, "twin");
  hub.drain();
  publish(hub, "late");
  hub.drain();
  const auto events = read(*client);
  EXPECT_EQ(types(events), "change change change change gap change");
  EXPECT_EQ(data(events[4])["missed"], 2);
  EXPECT_EQ(hub.stats().dropped, 2u);
}

TEST_F(StreamHubTest, An_id_of_another_life_or_of_the_future_is_a_gap) {
  for (const auto* id : {"other-3", "life-99", "life-", "life-x", "nonsense", "life-18446744073709551615", "life--1"}) {
    const auto events = read(*hub_.subscribe({}, id));
    EXPECT_EQ(types(events), "open gap") << id;
  }
}

TEST_F(StreamHubTest, After_the_last_client_the_feed_stays_awake_for_a_while_and_then_sleeps) {
  StreamHub hub("life", {.memory = std::chrono::seconds(60)});
  auto client = join(hub);
  publish_many(hub, 1);
  client.reset();
  hub.tick(std::chrono::seconds(100));
  hub.tick(std::chrono::seconds(159));
  EXPECT_TRUE(hub.has_listeners());
  publish_many(hub, 1);
  EXPECT_EQ(types(read(*hub.subscribe({}, "life-1"))), "open change");
  hub.tick(std::chrono::seconds(200));
  hub.tick(std::chrono::seconds(260));
  EXPECT_FALSE(hub.has_listeners());
  publish_many(hub, 3);
  EXPECT_EQ(types(read(*hub.subscribe({}, "life-2"))), "open gap");
}

TEST_F(StreamHubTest, A_heartbeat_moves_the_id_of_a_client_that_has_seen_everything) {
  const auto client = join(hub_, {.twin = "other"});
  publish_many(hub_, 3);
  EXPECT_EQ(*client->heartbeat(), ": beat\n\n");
  read(*client);
  EXPECT_EQ(*client->heartbeat(), ": beat\nid: life-3\n\n");
}

TEST_F(StreamHubTest, A_take_stops_near_the_wanted_size_and_goes_on_there) {
  const auto client = join(hub_);
  publish_many(hub_, 10);
  const auto first = read(*client, 300);
  EXPECT_LT(first.size(), 4u);
  EXPECT_EQ(first.size() + read(*client).size(), 10u);
}

TEST_F(StreamHubTest, An_event_never_outgrows_its_limit_and_says_what_it_lacks) {
  StreamHub hub("life", {.event_bytes = 1000});
  const auto all = join(hub);
  const auto by_property = join(hub, {.property = "p99"});
  const std::string large(5000, 'x');
  std::vector<std::string> names;
  std::vector<ChangedProperty> changed{reported("big", ValueView::text(large))};
  for (int i = 0; i < 100; ++i) names.push_back("p" + std::to_string(i));
  for (const auto& name : names) changed.push_back(reported(name, ValueView::of(std::int64_t{1})));
  hub.publish({.twin = "a", .properties = changed});
  hub.drain();
  const auto events = read(*all);
  ASSERT_EQ(types(events), "change");
  EXPECT_LT(events[0].data.size(), 1200u);
  const auto document = data(events[0]);
  EXPECT_FALSE(document["properties"]["big"].contains("v"));
  EXPECT_EQ(document["properties"].size() + document["omitted"].get<std::size_t>(), 101u);
  EXPECT_EQ(read(*by_property).size(), 1u);
}

TEST_F(StreamHubTest, Names_and_values_with_line_breaks_cannot_forge_events) {
  const auto client = join(hub_);
  publish(hub_, "a\n\nevent: forged\ndata: x\n\n", "p\r\n", ValueView::text("\n\ndata: y\n\n"));
  hub_.drain();
  EXPECT_EQ(types(read(*client)), "change");
}

TEST_F(StreamHubTest, The_server_is_woken_once_for_what_piles_up) {
  int woken = 0;
  hub_.on_published([&] { ++woken; });
  const auto client = join(hub_);
  publish(hub_, "a");
  publish(hub_, "b");
  EXPECT_EQ(woken, 1);
  hub_.drain();
  publish(hub_, "c");
  EXPECT_EQ(woken, 2);
}

}  // namespace
}  // namespace doppel

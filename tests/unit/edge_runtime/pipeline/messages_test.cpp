// What a message does before any function: redelivery, retained repeats, order, limits, desired values.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

struct Messages : testing::Test {
  NativeFunctions natives;
  Edge edge{natives};
};

Input delivered(std::string payload, std::uint16_t packet_id, std::uint32_t session, bool dup, std::uint8_t qos = 1) {
  Input input = message(1, "d/1", std::move(payload));
  input.delivery = {.qos = qos, .dup = dup, .packet_id = packet_id, .source = 1, .session = session};
  return input;
}

TEST_F(Messages, events_grows_by_exactly_one_for_each_source_message) {
  edge.apply({message(1, "d/1", R"({"a":1,"b":2})"), message(2, "d/1", R"({"a":1})"), message(3, "d/2", "{}")});
  EXPECT_EQ(edge.twin("d/1").events, 2u);
  EXPECT_EQ(edge.twin("d/1").rev, 2u);
  EXPECT_EQ(edge.twin("d/2").events, 1u);
}

TEST_F(Messages, Rule18_the_version_of_the_fold_names_what_runs_its_functions) {
  EXPECT_EQ(edge.pipeline().version(), "edge 10, native");
}

TEST_F(Messages, Rule14_a_repeat_has_dup_and_the_packet_id_and_content_of_an_earlier_connection) {
  edge.apply({delivered("{\"a\":1}", 7, 1, false)});
  edge.apply({delivered("{\"a\":1}", 7, 2, false)});  // no DUP
  edge.apply({delivered("{\"a\":2}", 7, 3, true)});   // another content
  edge.apply({delivered("{\"a\":1}", 8, 3, true)});   // another id
  EXPECT_EQ(edge.twin("d/1").events, 4u);
  edge.apply({delivered("{\"a\":1}", 7, 3, true)});
  EXPECT_EQ(edge.twin("d/1").events, 4u);
  EXPECT_EQ(edge.pipeline().counts().redelivered, 1u);
}

TEST_F(Messages, Rule14_dup_within_the_same_connection_proves_nothing) {
  edge.apply({delivered("{\"a\":1}", 7, 1, false), delivered("{\"a\":1}", 7, 1, true)});
  EXPECT_EQ(edge.twin("d/1").events, 2u);
}

TEST_F(Messages, Rule14_each_record_answers_for_one_repeat) {
  edge.apply({delivered("{\"a\":1}", 7, 1, false)});
  edge.apply({delivered("{\"a\":1}", 7, 2, true), delivered("{\"a\":1}", 7, 2, true)});
  EXPECT_EQ(edge.twin("d/1").events, 2u);
}

TEST_F(Messages, Rule14_a_third_delivery_matches_the_second_also_after_a_restart) {
  edge.apply({delivered("{\"a\":1}", 7, 1, false)});
  edge.commit_and_restart();
  edge.apply({delivered("{\"a\":1}", 7, 2, true)});
  edge.commit_and_restart();
  EXPECT_EQ(edge.pipeline().redelivery().last_session(1), 2u);
  edge.apply({delivered("{\"a\":1}", 7, 3, true)});
  EXPECT_EQ(edge.twin("d/1").events, 1u);
  EXPECT_EQ(edge.pipeline().counts().redelivered, 2u);
}

TEST_F(Messages, Rule14_qos_0_is_never_a_repeat) {
  edge.apply({delivered("{\"a\":1}", 0, 1, false, 0), delivered("{\"a\":1}", 0, 2, true, 0)});
  EXPECT_EQ(edge.twin("d/1").events, 2u);
}

// A repeat pushed its original out of the table when the table was full and repeats came in another order.
TEST_F(Messages, Rule14_repeats_are_found_in_any_order_with_a_full_table) {
  const auto full = static_cast<std::uint16_t>(Redelivery::kReceiveMaximum);
  for (std::uint16_t i = 1; i <= full; ++i) edge.apply({delivered("{\"a\":" + std::to_string(i) + "}", i, 1, false)});
  for (std::uint16_t i = full; i >= 1; --i) edge.apply({delivered("{\"a\":" + std::to_string(i) + "}", i, 2, true)});
  EXPECT_EQ(edge.twin("d/1").events, full);
}

TEST_F(Messages, Rule14_a_retained_message_equal_to_the_last_of_its_topic_is_dropped_and_counted) {
  Input retained = message(1, "d/1", R"({"a":1})");
  edge.apply({retained});
  retained.delivery.retained = true;
  edge.commit_and_restart();
  edge.apply({retained});
  EXPECT_EQ(edge.twin("d/1").events, 1u);
  EXPECT_EQ(edge.pipeline().counts().retained_repeats, 1u);
  retained.payload = R"({"a":2})";
  edge.apply({retained});
  EXPECT_EQ(edge.value("d/1", "a"), "2");
}

// Only 64 topics of a twin were remembered, fixed: a gateway with more was counted anew with every connection.
TEST_F(Messages, Rule14_retained_messages_of_many_topics_of_one_twin_are_repeats) {
  PipelineConfig config;
  config.mapping.rules.push_back(mapping_rule("gateway/{point}", "gateway"));
  config.repeats.topics = 100;
  edge.apply({configuration(0, config)});
  std::vector<Input> retained;
  for (int i = 0; i < 100; ++i) {
    retained.push_back(message(1, "gateway/" + std::to_string(i), "{\"a\":1}"));
    retained.back().delivery.retained = true;
  }
  edge.apply(retained);
  edge.commit_and_restart();
  edge.apply(retained);
  EXPECT_EQ(edge.twin("gateway").events, 100u);
  EXPECT_EQ(edge.pipeline().counts().retained_repeats, 100u);
  edge.apply({message(2, "gateway/new", "{\"a\":1}")});
  EXPECT_EQ(edge.twin("gateway").topics.size(), 100u) << "Promise 7";
  edge.apply({retained[0], retained[99]});
  EXPECT_EQ(edge.twin("gateway").events, 102u) << "the oldest topic made room";
}

// Every connection brought a new dead letter for each.
TEST_F(Messages, Rule14_a_retained_message_that_cannot_be_applied_is_one_dead_letter) {
  Input retained = message(1, "d/1", "{\"a\":");
  retained.delivery.retained = true;
  edge.apply({retained});
  edge.commit_and_restart();
  edge.apply({retained});
  EXPECT_EQ(edge.dead().size(), 1u);
  EXPECT_EQ(edge.pipeline().counts().retained_repeats, 1u);
  Input fresh = retained;
  fresh.delivery.retained = false;
  edge.apply({fresh});
  EXPECT_EQ(edge.dead().size(), 2u) << "sent once more, it is another message";
  retained.payload += '[';
  edge.apply({retained});
  EXPECT_EQ(edge.dead().size(), 3u);
  PipelineConfig config;
  config.mapping.rules.push_back(mapping_rule("d/+", ""));
  config.mapping.rules.back().format = PayloadFormat::text;
  edge.apply({configuration(2, config)});
  edge.apply({retained});
  EXPECT_EQ(edge.dead().size(), 3u);
  EXPECT_EQ(edge.twin("d/1").events, 1u) << "under another configuration it is tried";
}

TEST_F(Messages, Promise7_refused_retained_messages_are_remembered_in_bounds) {
  PipelineConfig config;
  config.repeats.topics = 2;
  edge.apply({configuration(0, config)});
  std::vector<Input> retained;
  for (int i = 0; i < 3; ++i) {
    retained.push_back(message(1, "d/" + std::to_string(i), "{"));
    retained.back().delivery.retained = true;
  }
  edge.apply(retained);
  edge.apply({retained[2], retained[1]});
  EXPECT_EQ(edge.dead().size(), 3u);
  edge.apply({retained[0]});
  EXPECT_EQ(edge.dead().size(), 4u);
}

// mapping.event_id was read, and then not used.
TEST_F(Messages, Rule14_a_device_that_sends_an_event_again_under_its_id_is_counted_once) {
  PipelineConfig config;
  config.mapping.rules.push_back(mapping_rule("d/+", ""));
  config.mapping.rules.back().event_id = "/id";
  config.repeats = {.topics = 10, .event_ids = 2, .event_id_age = std::chrono::seconds(100)};
  edge.apply({configuration(0, config)});
  edge.apply({message(1, "d/1", R"({"id":"x","a":1})"), message(1, "d/2", R"({"id":"x","a":1})"), message(2, "d/1", R"({"id":"x","a":1,"again":true})")});
  edge.commit_and_restart();
  edge.apply({message(3, "d/1", R"({"id":"x","a":1})"), message(3, "d/1", R"({"a":1})"), message(3, "d/1", R"({"a":1})")});
  EXPECT_EQ(edge.twin("d/1").events, 3u) << "what has no id is no repeat";
  EXPECT_EQ(edge.twin("d/2").events, 1u) << "ids are the twin's own";
  EXPECT_EQ(edge.pipeline().counts().repeated_ids, 2u);
  edge.apply({message(4, "d/1", R"({"id":7})"), message(5, "d/1", R"({"id":7})"), message(6, "d/1", R"({"id":8})")});
  EXPECT_EQ(edge.twin("d/1").events, 5u);
  edge.apply({message(7, "d/1", R"({"id":"x"})")});
  EXPECT_EQ(edge.twin("d/1").events, 6u) << "two later ids have taken its place";
  edge.apply({message(107, "d/1", R"({"id":"x"})"), message(108, "d/1", R"({"id":"x"})")});
  EXPECT_EQ(edge.twin("d/1").events, 7u) << "an id is remembered for 100 seconds";
  EXPECT_LE(edge.twin("d/1").event_ids.size(), 2u);
}

TEST_F(Messages, no_ids_are_remembered_where_none_are_wanted) {
  PipelineConfig config;
  config.mapping.rules.push_back(mapping_rule("d/+", ""));
  config.mapping.rules.back().event_id = "/id";
  config.repeats.event_ids = 0;
  edge.apply({configuration(0, config)});
  edge.apply({message(1, "d/1", R"({"id":"x"})"), message(2, "d/1", R"({"id":"x"})")});
  EXPECT_EQ(edge.twin("d/1").events, 2u);
  EXPECT_TRUE(edge.twin("d/1").event_ids.empty());
}

TEST_F(Messages, Rule16_a_value_older_than_the_one_there_is_counted_and_not_set) {
  edge.apply({message(10, "d/1", R"({"ts":"2027-01-15T08:00:09Z","a":1})"), message(11, "d/1", R"({"ts":"2027-01-15T08:00:05Z","a":2,"b":3})")});
  EXPECT_EQ(edge.value("d/1", "a"), "1");
  EXPECT_EQ(edge.value("d/1", "b"), "3");
  EXPECT_EQ(edge.pipeline().counts().out_of_order, 2u);  // "a", and "ts" itself
  EXPECT_EQ(edge.twin("d/1").events, 2u);
}

TEST_F(Messages, a_broken_payload_is_dead_lettered_with_reason_and_its_own_copy) {
  edge.apply({message(1, "d/1", "{\"a\":")});
  EXPECT_EQ(edge.last_dead().reason, "bad_payload");
  EXPECT_EQ(edge.last_dead().event.input(), "{\"a\":");
  EXPECT_EQ(edge.last_dead().event.topic, "d/1");
}

TEST_F(Messages, dead_letters_are_bounded_and_their_numbers_are_never_used_again) {
  PipelineConfig config;
  config.max_dead_letters = 3;
  edge.apply({configuration(0, config)});
  for (int i = 0; i < 10; ++i) edge.apply({message(1, "d/1", "{" + std::to_string(i))});
  EXPECT_EQ(edge.dead().size(), 3u);
  EXPECT_EQ(edge.pipeline().dead_letters().dropped(), 7u);
  EXPECT_EQ(edge.commit().at("dead_letter").size(), 3u);
  config.max_dead_letters = 0;
  edge.apply({configuration(2, config)});
  edge.apply({message(3, "d/1", "{")});
  edge.commit_and_restart();
  config.max_dead_letters = 3;
  edge.apply({configuration(4, config)});
  edge.apply({message(5, "d/1", "{")});
  std::uint64_t number = 0;
  edge.pipeline().dead_letters().for_each([&](std::uint64_t n, const DeadLetter&) { number = n; });
  EXPECT_EQ(number, 12u);
}

TEST_F(Messages, one_twin_too_many_is_dead_lettered_and_takes_no_names) {
  PipelineConfig config;
  config.max_twins = 1;
  edge.apply({configuration(0, config)});
  edge.apply({message(1, "d/1", "{\"a\":1}")});
  const auto names = edge.pipeline().names().size();
  edge.apply({message(1, "d/2", "{\"other\":1}"), message(1, "d/1", "{\"a\":2}")});
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"twin_limit"});
  EXPECT_EQ(edge.pipeline().names().size(), names);
  EXPECT_EQ(edge.value("d/1", "a"), "2");
}

// The table of names was not stored: after a restart there was room again for names that no twin has any more.
TEST_F(Messages, the_limit_of_names_does_not_depend_on_restarts) {
  PipelineConfig config;
  config.max_names = edge.pipeline().names().size() + 2;
  edge.apply({configuration(0, config)});
  edge.apply({message(1, "d/1", R"({"a":1})"), message(1, "d/2", R"({"b":1,"c":1})")});
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"name_limit"});
  EXPECT_FALSE(edge.has_twin("d/2"));
  edge.commit_and_restart();
  edge.apply({message(2, "d/1", R"({"c":1})"), message(2, "d/1", R"({"b":2})")});
  EXPECT_EQ(edge.dead().size(), 2u);
  EXPECT_EQ(edge.value("d/1", "b"), "2");
}

// A lower limit made the store unreadable.
TEST_F(Messages, names_stay_when_their_limit_is_lowered) {
  edge.apply({message(1, "d/1", R"({"a":1,"b":2,"c":3})")});
  PipelineConfig config;
  config.max_names = 1;
  edge.apply({configuration(2, config)});
  edge.commit_and_restart();
  EXPECT_EQ(edge.value("d/1", "c"), "3");
}

TEST_F(Messages, a_twin_takes_a_bounded_number_of_properties) {
  for (int i = 0; i < 3; ++i) {
    std::string payload = "{";
    for (int p = 0; p < 500; ++p) payload += (p == 0 ? "\"p" : ",\"p") + std::to_string(i * 500 + p) + "\":1";
    edge.apply({message(1 + i, "d/1", payload + "}")});
  }
  EXPECT_EQ(edge.twin("d/1").properties.size(), Twin::kMostProperties);
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"property_limit"});
  EXPECT_EQ(edge.twin("d/1").events, 3u);
}

TEST_F(Messages, the_field_that_is_the_time_is_a_property_of_the_twin_and_in_no_window) {
  edge.apply({message(1, "d/1", R"({"ts":1800000000,"t":21.5})"), message(2, "d/1", R"({"t":22,"v":1})")});
  EXPECT_EQ(edge.value("d/1", "ts"), "1800000000");
  std::map<std::string, std::uint64_t> counts;
  edge.pipeline().windows().for_each([&](const WindowKey& key, std::uint64_t, const Aggregate* aggregate, const WindowPopulation*) {
    if (aggregate != nullptr) counts[key.property] += aggregate->count();
  });
  EXPECT_EQ(counts, (std::map<std::string, std::uint64_t>{{"t", 2}, {"v", 1}}));
}

// Its length was cut to 16 bits in the key of a window, which no later start could read.
TEST_F(Messages, a_label_is_bounded) {
  PipelineConfig config;
  config.mapping.rules.push_back(mapping_rule("p/{area}/{id}", "{id}"));
  config.windows[0].group_by = {"area"};
  edge.apply({configuration(0, config)});
  edge.apply({message(1, "p/" + std::string(60'000, 'x') + "/d", R"({"a":1})")});
  EXPECT_EQ(edge.dead(), std::vector<std::string>{"limit_exceeded"});
  edge.commit_and_restart();
}

std::string reply(const BatchOutput& output) {
  const auto rows = rows_of(output, OutboxKind::http_reply);
  return rows.size() == 1 ? std::to_string(rows[0].revision) + ' ' + rows[0].payload : "";
}

TEST_F(Messages, a_set_writes_the_desired_value_and_a_report_of_it_clears_it) {
  edge.apply({message(1, "d/1", R"({"a":1})")});
  EXPECT_EQ(reply(edge.apply({set_record(2, "d/1", {"r", "a", Value(ValueView::of(std::int64_t{21})), std::nullopt})})), "200 {\"rev\":2}");
  EXPECT_EQ(edge.value("d/1", "a"), "1");
  EXPECT_EQ(edge.twin("d/1").desired.size(), 1u);
  edge.apply({message(3, "d/1", R"({"a":20})")});
  EXPECT_EQ(edge.twin("d/1").desired.size(), 1u);
  edge.commit_and_restart();
  edge.apply({message(4, "d/1", R"({"a":21.0})")});  // the same number
  EXPECT_TRUE(edge.twin("d/1").desired.empty());
}

TEST_F(Messages, if_match_compares_the_revision_of_the_property) {
  edge.apply({message(1, "d/1", R"({"a":1})"), message(2, "d/1", R"({"b":1})")});
  const Value value(ValueView::of(std::int64_t{5}));
  EXPECT_EQ(reply(edge.apply({set_record(3, "d/1", {"r", "a", value, 2})})).substr(0, 3), "412");
  EXPECT_EQ(reply(edge.apply({set_record(3, "d/1", {"r", "a", value, 1})})), "200 {\"rev\":3}");
  EXPECT_EQ(reply(edge.apply({set_record(4, "d/1", {"r", "a", value, 1})})).substr(0, 3), "412");
  EXPECT_EQ(reply(edge.apply({set_record(4, "d/1", {"r", "new", value, 0})})), "200 {\"rev\":4}");
  EXPECT_EQ(reply(edge.apply({set_record(4, "nobody", {"r", "a", value, std::nullopt})})).substr(0, 3), "404");
}

TEST_F(Messages, of_two_times_the_newer_one_wins_whatever_came_last) {
  edge.apply({message(10, "d/1", R"({"a":1})")});
  const Value value(ValueView::of(std::int64_t{5}));
  const auto set_at = [&](double seconds, std::optional<Timestamp> time) {
    return reply(edge.apply({set_record(seconds, "d/1", {"r", "a", value, std::nullopt, time})}));
  };
  EXPECT_EQ(set_at(11, at(9.999)), "409 property a of d/1 has a value of " + format_rfc3339(at(10)) + ", newer than " + format_rfc3339(at(9.999)));
  EXPECT_TRUE(edge.twin("d/1").desired.empty());
  EXPECT_EQ(set_at(12, at(30)), "200 {\"rev\":2}");
  EXPECT_EQ(edge.twin("d/1").desired[0].since, at(30));
  EXPECT_EQ(set_at(13, at(29)).substr(0, 3), "409");
  EXPECT_EQ(set_at(14, at(30)), "200 {\"rev\":3}");
  // Without a time it is as new as can be.
  EXPECT_EQ(set_at(15, std::nullopt), "200 {\"rev\":4}");
  EXPECT_EQ(edge.twin("d/1").desired[0].since, at(30));
  EXPECT_EQ(set_at(40, std::nullopt), "200 {\"rev\":5}");
  edge.commit_and_restart();
  EXPECT_EQ(edge.twin("d/1").desired[0].since, at(40));
  // A time that would keep every later one out.
  EXPECT_EQ(set_at(41, at(41) + PipelineConfig().mapping.limits.time_ahead + Duration(1)).substr(0, 3), "400");
}

TEST_F(Messages, a_set_that_an_earlier_program_journaled_is_read_as_it_was_meant) {
  const SetProperty set{"r", "a", Value(ValueView::of(std::int64_t{5})), 7, at(3)};
  std::string bytes;
  encode(set, bytes);
  EXPECT_EQ(decode_set_property(bytes)->time, at(3));
  constexpr std::size_t kTime = 9;
  bytes.resize(bytes.size() - kTime);
  EXPECT_FALSE(decode_set_property(bytes));
  bytes[0] = 1;
  const auto earlier = decode_set_property(bytes);
  ASSERT_TRUE(earlier);
  EXPECT_EQ(earlier->if_match, 7u);
  EXPECT_EQ(earlier->time, std::nullopt);
}

// A property was shown with the revision of what was reported, and a write that named it was refused while another write was pending.
TEST_F(Messages, the_revision_that_is_shown_is_the_one_that_if_match_takes) {
  edge.apply({message(1, "d/1", R"({"a":1})")});
  const Value value(ValueView::of(std::int64_t{5})), other(ValueView::of(std::int64_t{6}));
  EXPECT_EQ(reply(edge.apply({set_record(2, "d/1", {"r", "a", value, 1})})), "200 {\"rev\":2}");
  std::string json;
  append_stored_twin_json(edge.twin("d/1"), edge.pipeline().names(), json);
  EXPECT_NE(json.find(R"("rev":2,"desired":5)"), std::string::npos) << json;
  EXPECT_EQ(reply(edge.apply({set_record(3, "d/1", {"r", "a", other, 2})})), "200 {\"rev\":3}");
}

TEST_F(Messages, a_set_applies_after_what_came_before_it_in_its_batch) {
  const auto& output = edge.apply({message(1, "d/1", R"({"a":1})"), set_record(2, "d/1", {"r", "a", Value(ValueView::of(std::int64_t{1})), 1}), message(3, "d/1", R"({"a":1})")});
  EXPECT_EQ(reply(output), "200 {\"rev\":2}");
  EXPECT_TRUE(edge.twin("d/1").desired.empty());
  EXPECT_EQ(edge.twin("d/1").rev, 3u);
}

TEST_F(Messages, live_values_go_up_once_a_second_and_in_the_order_of_ids_to_a_new_incarnation) {
  PipelineConfig config;
  config.uplink_twins = {"d/#"};
  config.windows.clear();
  edge.apply({configuration(0, config)});
  edge.apply({message(1, "d/2", R"({"a":1})"), message(1.1, "d/1", R"({"a":2})"), message(1.2, "x/1", R"({"a":2})")});
  EXPECT_TRUE(edge.apply({message(1.3, "d/2", R"({"a":3})")}).rows.empty());
  EXPECT_EQ(edge.pipeline().next_due(), at(2));
  const auto rows = rows_of(edge.apply({tick(2)}), OutboxKind::replacement);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NE(rows[1].payload.find("\"a\":{\"v\":3"), std::string::npos);
  edge.pipeline().begin_incarnation({});
  const auto standing = edge.apply({{RecordKind::incarnation, at(3), "", std::string(16, 'i')}}).rows;
  ASSERT_EQ(standing.size(), 2u);
  EXPECT_EQ(standing[0].target, "td/1");
  EXPECT_EQ(standing[1].target, "td/2");
}

TEST_F(Messages, twins_that_a_configuration_selects_go_up_with_it_and_others_are_taken_back) {
  edge.apply({message(0, "d/1", R"({"x":1})"), message(0, "e/1", R"({"x":1})")});
  PipelineConfig config;
  config.uplink_twins = {"d/#"};
  auto rows = rows_of(edge.apply({configuration(1, config)}), OutboxKind::replacement);
  ASSERT_EQ(std::count_if(rows.begin(), rows.end(), [](const OutboxRow& row) { return row.target == "td/1" && !row.payload.empty(); }), 1);
  config.uplink_twins = {"e/#"};
  rows = rows_of(edge.apply({configuration(2, config)}), OutboxKind::replacement);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const OutboxRow& row) { return row.target == "te/1" && !row.payload.empty(); }), 1);
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const OutboxRow& row) { return row.target == "td/1" && row.payload.empty(); }), 1);
}

}  // namespace
}  // namespace doppel

#include "coordinator/fleet_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "coordinator/fleet_json.h"
#include "tests/unit/coordinator/merge_fixture.h"

namespace doppel {
namespace {

using Json = nlohmann::json;

LinkSnapshot links(const std::string& edge, bool connected) {
  return {{{EdgeId(edge), 0, life(1), connected, std::chrono::seconds(95), 12, std::chrono::milliseconds(1'500)}},
          std::chrono::seconds(100),
          kNoon + std::chrono::seconds(60)};
}

TEST(FleetView, An_edge_is_shown_with_its_link_functions_and_what_it_says_of_itself) {
  Merge merge;
  merge.hello("north");
  merge.uplink("north", uplink::Status{7, {{"alarm", "1.2.0", std::string(64, 'a'), true, "refused", "why"}}, 3,
                                       R"({"twins":200,"events_per_second":41.5,"geo":[13.4,52.5],"dead_letters":3,)"
                                       R"("newest_dead_letter":"2026-03-01T11:59:00Z","name":"forged"})"});
  merge.rows("north", {{std::string("apump\0hot", 9), 1, R"({"value":90,"since":"2026-03-01T12:00:00Z"})"}});
  const auto json = Json::parse(to_json(merge.view().edges(links("north", true)))).at("items").at(0);
  EXPECT_EQ(json["name"], "north");
  EXPECT_EQ(json["region"], "emea");
  EXPECT_EQ(json["version"], "0.1.0");
  EXPECT_EQ(json["connected"], true);
  EXPECT_EQ(json["lag_seconds"], 1.5);
  EXPECT_EQ(json["last_seen"], "2026-03-01T12:00:55Z");
  EXPECT_EQ(json["twins"], 200);
  EXPECT_EQ(json["events_per_second"], 41.5);
  EXPECT_EQ(json["alerts"], 1);
  EXPECT_EQ(json["dead_letters"], 3);
  EXPECT_EQ(json["newest_dead_letter"], "2026-03-01T11:59:00Z");
  EXPECT_EQ(json["functions"][0]["state"], "refused");
  EXPECT_EQ(json["functions"][0]["error"], "why");
  EXPECT_EQ(json["functions"][0]["origin"], "fleet");
}

TEST(FleetView, An_edge_that_is_apart_has_no_lag_and_one_that_said_nothing_no_functions) {
  Merge merge;
  merge.hello("north");
  const auto json = Json::parse(to_json(merge.view().edges(links("north", false)))).at("items").at(0);
  EXPECT_EQ(json["connected"], false);
  EXPECT_TRUE(json["lag_seconds"].is_null());
  EXPECT_FALSE(json.contains("functions"));
}

TEST(FleetView, Details_name_incarnations_and_refused_rows) {
  Merge merge;
  merge.hello("north", 1);
  merge.hello("north", 2);
  merge.rows("north", {{"wgarbage", 1, "x"}}, 2);
  const auto edge = merge.view().edge(EdgeId("north"), {});
  ASSERT_TRUE(edge);
  const auto json = Json::parse(to_json(*edge));
  EXPECT_EQ(json["incarnations"], (Json{std::string(32, '0').replace(0, 32, "01010101010101010101010101010101"),
                                        "02020202020202020202020202020202"}));
  EXPECT_EQ(json["refused_rows"]["malformed"], 1);
  EXPECT_EQ(json["last_refusal"], "a row of kind 'w', revision 1, malformed");
  EXPECT_FALSE(merge.view().edge(EdgeId("south"), {}));
}

TEST(FleetView, Windows_can_be_filtered_by_window_property_group_time_and_edge) {
  Merge merge;
  merge.hello("north");
  merge.hello("south");
  for (int minute = 0; minute < 10; ++minute) {
    merge.observe("north", window(minute), {1}, 1);
    merge.observe("south", window(minute), {2}, 1);
    merge.observe("north", window(minute, "pressure", "line=2"), {3}, 1);
  }
  auto other = window(3);
  other.window = "5m";
  merge.observe("north", other, {9}, 1);
  const auto count = [&](const WindowFilter& filter) { return merge.view().windows(filter)->items.size(); };
  WindowFilter filter;
  EXPECT_EQ(count(filter), 21u);
  filter.window = "1m";
  EXPECT_EQ(count(filter), 20u);
  filter.property = "temperature";
  EXPECT_EQ(count(filter), 10u);
  filter.from = kNoon + std::chrono::minutes(2);
  filter.to = kNoon + std::chrono::minutes(5);
  EXPECT_EQ(count(filter), 3u);
  EXPECT_EQ(merge.view().windows(filter)->items[0].sum.aggregate().sum(), 3);
  filter.edge = "south";
  EXPECT_EQ(merge.view().windows(filter)->items[0].sum.aggregate().sum(), 2);
  filter.edge.clear();
  filter.level = FleetLevel::edge;
  EXPECT_EQ(count(filter), 6u);
  filter.name = "north";
  EXPECT_EQ(count(filter), 3u);
  filter = {};
  filter.group = "line=2";
  EXPECT_EQ(count(filter), 10u);
  filter = {};
  filter.from = kNoon + std::chrono::minutes(3);
  filter.to = kNoon + std::chrono::minutes(4);
  EXPECT_EQ(count(filter), 3u) << "the same stretch of every window";
}

TEST(FleetView, Pages_put_together_are_the_whole_list) {
  Merge merge;
  for (const char* edge : {"a", "b", "c"}) {
    merge.hello(edge);
    for (int minute = 0; minute < 7; ++minute) merge.observe(edge, window(minute), {1}, 1);
    merge.rows(edge, {{"tone", 1, "{}"}, {"ttwo", 2, "{}"}, {"tzero", 3, ""}});
  }
  for (std::size_t limit = 1; limit < 25; ++limit) {
    WindowFilter filter;
    filter.level = FleetLevel::edge;
    filter.limit = limit;
    std::vector<std::string> seen;
    do {
      const auto page = merge.view().windows(filter);
      ASSERT_TRUE(page) << page.error().message;
      for (const auto& item : page->items) seen.push_back(std::to_string(item.key.start_ns) + item.name);
      filter.after = page->next;
    } while (!filter.after.empty());
    EXPECT_EQ(seen.size(), 21u);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));

    LatestFilter twins;
    twins.limit = limit;
    std::size_t count = 0;
    do {
      const auto page = merge.view().twins(twins);
      ASSERT_TRUE(page);
      count += page->items.size();
      twins.after = page->next;
    } while (!twins.after.empty());
    EXPECT_EQ(count, 6u);
  }
}

TEST(FleetView, A_cursor_that_is_none_is_refused) {
  Merge merge;
  WindowFilter filter;
  filter.after = "garbage";
  EXPECT_EQ(merge.view().windows(filter).error().message, "\"garbage\" is not a cursor of this list");
  LatestFilter twins;
  twins.after = "zz.00";
  EXPECT_FALSE(merge.view().twins(twins));
}

TEST(FleetView, Twins_and_alerts_are_found_by_edge_and_prefix) {
  Merge merge;
  merge.hello("north");
  merge.hello("south");
  merge.rows("north", {{"tplant/pump", 1, R"({"id":"forged","rev":3})"}, {"tother", 2, "{}"}});
  merge.rows("south", {{"tplant/pump", 1, "no json"}});
  merge.rows("south", {{std::string("aplant/pump\0hot", 15), 2, R"({"value":90})"}});
  LatestFilter filter;
  filter.prefix = "plant/";
  EXPECT_EQ(merge.view().twins(filter)->items.size(), 2u);
  filter.edge = "north";
  const auto json = Json::parse(twins_to_json(*merge.view().twins(filter), {}));
  EXPECT_EQ(json["items"].size(), 1u);
  EXPECT_EQ(json["items"][0]["id"], "plant/pump");
  EXPECT_EQ(json["items"][0]["edge"], "north");
  EXPECT_EQ(json["items"][0]["rev"], 3);
  EXPECT_EQ(merge.view().find_twin("plant/pump").size(), 2u);
  EXPECT_EQ(merge.view().find_twin("plant/pum").size(), 0u);
  const auto alerts = Json::parse(alerts_to_json(*merge.view().alerts({})));
  EXPECT_EQ(alerts["items"][0]["twin"], "plant/pump");
  EXPECT_EQ(alerts["items"][0]["alert"], "hot");
  EXPECT_EQ(alerts["items"][0]["edge"], "south");
}

TEST(FleetView, The_status_of_a_twin_is_judged_at_reading_and_nothing_is_known_of_one_whose_edge_is_apart) {
  Merge merge;
  merge.hello("north");
  const auto status = [&](const std::string& payload, bool connected) {
    merge.rows("north", {{"tpump", ++merge.position, payload}});
    return std::string(Json::parse(twins_to_json(*merge.view().twins({}), links("north", connected)))["items"][0]["status"]);
  };
  EXPECT_EQ(status(R"({"last_seen":"2026-03-01T12:00:50Z"})", true), "online");
  EXPECT_EQ(status(R"({"last_seen":"2026-03-01T11:55:00Z"})", true), "stale");
  EXPECT_EQ(status(R"({"last_seen":"2026-03-01T11:45:00Z","status":"forged"})", true), "offline");
  EXPECT_EQ(status(R"({"last_seen":null})", true), "never");
  EXPECT_EQ(status(R"({"last_seen":"garbage"})", true), "never");
  EXPECT_EQ(status(R"({"last_seen":"2026-03-01T12:00:50Z"})", false), "unreachable");
}

TEST(FleetView, A_window_has_the_members_that_charts_show) {
  Merge merge;
  merge.hello("north");
  merge.observe("north", window(0), {1, 2, 3, 4}, 1);
  const auto json = Json::parse(to_json(*merge.view().windows({}))).at("items").at(0);
  EXPECT_EQ(json["window"], "1m");
  EXPECT_EQ(json["start"], "2026-03-01T12:00:00Z");
  EXPECT_EQ(json["end"], "2026-03-01T12:01:00Z");
  EXPECT_EQ(json["level"], "fleet");
  EXPECT_EQ(json["name"], "fleet");
  EXPECT_EQ(json["count"], 4);
  EXPECT_EQ(json["mean"], 2.5);
  EXPECT_NEAR(json["stddev"].get<double>(), 1.118, 0.001);
  EXPECT_EQ(json["first"], 1);
  EXPECT_EQ(json["last"], 4);
  EXPECT_NEAR(json["p50"].get<double>(), 2, 0.05);
}

TEST(FleetView, A_deployment_tells_which_edges_it_is_taken_from_and_which_names_no_edge_has) {
  Merge merge;
  merge.hello("north");
  merge.hello("south");
  merge.want("alarm", "nrth,south");
  const auto edges = merge.view().edges({});
  const auto& alarm = merge.view().functions().at("alarm");
  const auto json = Json::parse(deployed_to_json(alarm, *parse_selector("*"), edges));
  EXPECT_EQ(json["selected"], 1);
  EXPECT_EQ(json["withdrawn"], Json::array({"north"}));
  EXPECT_EQ(json["unknown"], Json::array({"nrth"}));
  EXPECT_EQ(Json::parse(deployed_to_json(alarm, std::nullopt, edges))["withdrawn"], Json::array());
}

TEST(FleetView, A_fleet_function_names_the_edges_that_do_not_run_it_and_why) {
  Merge merge;
  merge.hello("north");
  merge.hello("south");
  merge.hello("west");
  merge.want("alarm", "north,south");
  merge.uplink("north", uplink::Status{1, {{"alarm", "1.2.0", std::string(64, 'a'), true, "active", ""}}, 0, ""});
  merge.uplink("south", uplink::Status{1, {{"alarm", "", std::string(64, 'a'), true, "refused", "imports wasi"}}, 0, ""});
  const auto edges = merge.view().edges({});
  const auto json = Json::parse(functions_to_json(merge.view().functions(), edges)).at("items").at(0);
  EXPECT_EQ(json["name"], "alarm");
  EXPECT_EQ(json["version"], "1.2.0");
  EXPECT_EQ(json["selected"], 2);
  EXPECT_EQ(json["active"], 1);
  EXPECT_EQ(json["state"], "rolling_out");
  EXPECT_EQ(json["others"][0]["edge"], "south");
  EXPECT_EQ(json["others"][0]["error"], "imports wasi");
}

}  // namespace
}  // namespace doppel

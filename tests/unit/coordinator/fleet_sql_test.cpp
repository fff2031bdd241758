#include "coordinator/fleet_sql.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "coordinator/fleet_json.h"
#include "tests/unit/coordinator/merge_fixture.h"

namespace doppel {
namespace {

using Json = nlohmann::json;

// A merge whose tables are in a database, and SQL over it.
class FleetSql : public testing::Test {
 protected:
  FleetSql() { std::filesystem::create_directories(folder_); }
  ~FleetSql() override { std::filesystem::remove_all(folder_); }

  void commit() {
    StoreOptions options;
    options.path = folder_ / "twin.db";
    for (const auto table : merge.fold->tables()) options.fold_tables.emplace_back(table);
    if (store_ == nullptr) store_ = *open_store(options);
    std::vector<RowChange> changes;
    merge.fold->take_changes(changes);
    ASSERT_TRUE(store_->commit(Checkpoint{}, changes));
  }

  // Rows, or the error's words.
  Json ask(const std::string& sql) {
    commit();
    auto views = fleet_sql();
    views.path = folder_ / "twin.db";
    auto engine = QueryEngine::open(std::move(views), clock_);
    if (!engine) return engine.error().message;
    const auto result = (*engine)->run(sql);
    return result ? Json::parse(to_json(*result))["rows"] : Json(result.error().message);
  }

  Merge merge;

 private:
  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("doppel_fleet_sql_" + std::to_string(::getpid()));
  std::unique_ptr<Store> store_;
  ManualClock clock_{kNoon};
};

TEST_F(FleetSql, Windows_are_the_merged_contributions_of_every_edge_and_life) {
  merge.hello("north", 1);
  merge.observe("north", window(0), {1, 2}, 5, 1);
  merge.hello("north", 2);
  merge.observe("north", window(0), {3}, 6, 2);
  merge.hello("south", 3, "apac");
  merge.observe("south", window(0), {10}, 7, 3);
  EXPECT_EQ(ask("SELECT window, start, \"end\", group_labels, property, count, sum, min, max, edges, frozen FROM windows"),
            Json::parse(R"([["1m","2026-03-01T12:00:00Z","2026-03-01T12:01:00Z","","temperature",4,16,1,10,2,0]])"));
  EXPECT_EQ(ask("SELECT region, count, edges FROM region_windows ORDER BY region"), Json::parse(R"([["apac",1,1],["emea",3,1]])"));
  EXPECT_EQ(ask("SELECT edge, incarnation, lane, revision, region, count, mean FROM contributions ORDER BY revision"),
            (Json{{"north", "01010101010101010101010101010101", 0, 5, "emea", 2, 1.5},
                  {"north", "02020202020202020202020202020202", 0, 6, "emea", 1, 3},
                  {"south", "03030303030303030303030303030303", 0, 7, "apac", 1, 10}}));
}

TEST_F(FleetSql, Its_figures_are_those_of_the_HTTP_interface_to_the_last_bit) {
  for (int edge = 0; edge < 9; ++edge) {
    const auto name = "edge-" + std::to_string((edge * 5) % 9);
    merge.hello(name, static_cast<std::uint8_t>(edge + 1));
    std::vector<double> values;
    for (int i = 1; i < 40; ++i) values.push_back(std::sin(edge * 40 + i) * 1e3 / 7);
    merge.observe(name, window(0), values, 1, static_cast<std::uint8_t>(edge + 1));
  }
  const auto view = Json::parse(to_json(merge.windows().at(0)));
  const auto row = ask("SELECT count, mean, stddev, sum, min, max, first, last, p50, p95, p99, edges FROM windows").at(0);
  EXPECT_EQ(row, (Json{view["count"], view["mean"], view["stddev"], view["sum"], view["min"], view["max"], view["first"], view["last"],
                       view["p50"], view["p95"], view["p99"], 9}));
}

TEST_F(FleetSql, Frozen_windows_are_still_there) {
  merge.hello("north");
  merge.observe("north", window(0), {1, 2}, 1);
  merge.now = kNoon + std::chrono::hours(24 * 8);
  merge.observe("north", window(8 * 24 * 60), {5}, 2);
  EXPECT_EQ(ask("SELECT start, count, edges, frozen FROM windows ORDER BY start"),
            Json::parse(R"([["2026-03-01T12:00:00Z",2,0,1],["2026-03-09T12:00:00Z",1,1,0]])"));
  EXPECT_EQ(ask("SELECT region, count FROM region_windows WHERE frozen"), Json::parse(R"([["emea",2]])"));
}

TEST_F(FleetSql, Edges_functions_twins_and_alerts_are_as_they_were_sent) {
  merge.hello("north");
  merge.uplink("north", uplink::Status{7, {{"alarm", "1.2.0", std::string(64, 'a'), true, "active", ""}}, 3, R"({"twins":200})"});
  merge.hello("south", 2);
  merge.want("alarm", "north");
  merge.rows("north", {{"tpump", 1, R"({"id":"pump","events":4,"properties":{"t":{"v":21.5,"ts":"2026-03-01T12:00:00Z","rev":2}}})"},
                       {"tgone", 2, R"({"id":"gone"})"},
                       {std::string("apump\0hot", 9), 3, R"({"value":90,"since":"2026-03-01T12:00:00Z","function":"alarm"})"},
                       {"s", 4, R"({"twins":200})"}});
  merge.rows("north", {{"tgone", 5, ""}});
  EXPECT_EQ(ask("SELECT name, region, version, functions->>'$[0].name', status->>'$.twins' FROM edges ORDER BY name"),
            Json::parse(R"([["north","emea","0.1.0","alarm",200],["south","emea","0.1.0",null,null]])"));
  EXPECT_EQ(ask("SELECT name, edges FROM functions"), Json::parse(R"([["alarm","north"]])"));
  EXPECT_EQ(ask("SELECT edge, id, events FROM twins"), Json::parse(R"([["north","pump",4]])"));
  EXPECT_EQ(ask("SELECT edge, twin, name, value, rev FROM properties"), Json::parse(R"([["north","pump","t",21.5,2]])"));
  EXPECT_EQ(ask("SELECT edge, twin, alert, function, value FROM alerts"), Json::parse(R"([["north","pump","hot","alarm",90]])"));
}

TEST_F(FleetSql, Tables_behind_the_views_cannot_be_read_and_garbage_is_named) {
  merge.hello("north");
  EXPECT_EQ(ask("SELECT * FROM contributors"), "reading 'contributors' is not allowed; only the views can be read");
  EXPECT_EQ(ask("DELETE FROM edges"), "cannot modify edges because it is a view");
  EXPECT_EQ(ask("SELECT merged_window(x'00', x'00', x'00')"), "a row of table contributions does not decode");
  EXPECT_EQ(ask("SELECT merged_window(x'00', x'00', NULL)"), "a row of table frozen_windows does not decode");
  EXPECT_EQ(ask("SELECT latest_json('t', 1, NULL)"), "a row of table latest_rows does not decode");
}

}  // namespace
}  // namespace doppel

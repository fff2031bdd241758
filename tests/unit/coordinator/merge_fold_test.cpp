#include "coordinator/merge_fold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/coordinator/merge_fixture.h"

namespace doppel {
namespace {

TEST(MergeFold, Rule17_a_row_replaces_what_the_same_contributor_sent_before) {
  Merge merge;
  merge.hello("north");
  merge.observe("north", window(0), {1, 2}, 10);
  merge.observe("north", window(0), {1, 2, 3}, 12);
  merge.observe("north", window(0), {1}, 11);  // late
  const auto windows = merge.windows();
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0].sum.aggregate().count(), 3u);
  EXPECT_EQ(merge.standing("north").held, 12u);
}

TEST(MergeFold, Rule4_different_incarnations_of_an_edge_add) {
  Merge merge;
  merge.hello("north", 1);
  merge.observe("north", window(0), {1, 2}, 10, 1);
  merge.hello("north", 2);
  merge.observe("north", window(0), {5}, 3, 2);
  const auto windows = merge.windows();
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0].sum.aggregate().count(), 3u);
  EXPECT_EQ(windows[0].edges, 1u);
  EXPECT_EQ(merge.standing("north", 2).held, 3u);
}

TEST(MergeFold, Regions_and_the_fleet_are_merged_on_demand) {
  Merge merge;
  merge.hello("berlin", 1, "emea");
  merge.hello("madrid", 1, "emea");
  merge.hello("osaka", 1, "apac");
  merge.observe("berlin", window(0), {1}, 1);
  merge.observe("madrid", window(0), {2, 3}, 1);
  merge.observe("osaka", window(0), {10}, 1);
  const auto regions = merge.windows(FleetLevel::region);
  ASSERT_EQ(regions.size(), 2u);
  EXPECT_EQ(regions[0].name, "apac");
  EXPECT_EQ(regions[1].sum.aggregate().sum(), 6);
  const auto fleet = merge.windows();
  ASSERT_EQ(fleet.size(), 1u);
  EXPECT_EQ(fleet[0].sum.aggregate().max(), 10);
  EXPECT_EQ(fleet[0].edges, 3u);
}

TEST(MergeFold, The_merge_is_that_of_the_parts_in_the_order_of_edge_names_whatever_came_first) {
  std::mt19937_64 random(7);
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) names.push_back("edge" + std::to_string(i));
  std::map<std::string, std::vector<double>> values;
  for (const auto& name : names) {
    for (int i = 0; i < 40; ++i) values[name].push_back(std::uniform_real_distribution(-1e6, 1e6)(random));
  }
  Aggregate expected;
  for (const auto& [name, observations] : values) expected.merge(observed(name, observations));
  for (int round = 0; round < 5; ++round) {
    std::shuffle(names.begin(), names.end(), random);
    Merge merge;
    for (const auto& name : names) {
      merge.hello(name);
      merge.observe(name, window(0), values[name], 1);
    }
    EXPECT_EQ(bytes_of(merge.windows().at(0).sum.aggregate()), bytes_of(expected));
  }
}

TEST(MergeFold, Populations_count_each_twin_once_in_the_fleet) {
  Merge merge;
  const auto population = [](std::uint64_t events, std::uint64_t first, std::uint64_t last) {
    WindowPopulation result;
    result.events = events;
    for (auto twin = first; twin <= last; ++twin) result.twins.add(mix64(twin, 0));
    std::string bytes;
    encode(result, bytes);
    return bytes;
  };
  merge.hello("north");
  merge.hello("south");
  merge.rows("north", {{window_key(window(0, "")), 1, population(100, 1, 50)}});
  merge.rows("south", {{window_key(window(0, "")), 1, population(10, 41, 60)}});
  const auto windows = merge.windows(FleetLevel::fleet, "");
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0].sum.population().events, 110u);
  EXPECT_EQ(windows[0].sum.population().twins.estimate(), 60u);
}

TEST(MergeFold, Rows_that_make_no_sense_are_counted_under_their_edge_and_change_nothing) {
  Merge merge;
  merge.hello("north");
  merge.rows("north", {{"wgarbage", 1, "x"},
                       {window_key(window(0)), 2, "not an aggregate"},
                       {window_key(window(60 * 24 * 10)), 3, bytes_of(observed("north", {1}))},
                       {window_key(window(-60 * 24 * 30)), 4, bytes_of(observed("north", {1}))},
                       {"?newer", 5, "x"}});
  merge.rows("north", {{window_key(window(0)), 9, bytes_of(observed("north", {1}))}}, /*incarnation=*/9);
  EXPECT_TRUE(merge.windows().empty());
  EXPECT_EQ(merge.refused("north", Refusal::malformed), 2u);
  EXPECT_EQ(merge.refused("north", Refusal::future), 1u);
  EXPECT_EQ(merge.refused("north", Refusal::late), 1u);
  EXPECT_EQ(merge.refused("north", Refusal::unknown), 2u);
  EXPECT_EQ(merge.edge("north").last_refusal.substr(0, 19), "ROWS of incarnation");
}

TEST(MergeFold, A_window_whose_numbers_would_overflow_is_malformed) {
  Merge merge;
  merge.hello("north");
  for (const std::int64_t start : {INT64_MAX, INT64_MIN, INT64_MAX - 1}) {
    merge.rows("north", {{window_key({"1m", start, kMinute, "", "t"}), 1, bytes_of(observed("north", {1}))}});
    merge.rows("north", {{window_key({"1m", 0, INT64_MAX, "", "t"}), 1, bytes_of(observed("north", {1}))}});
  }
  EXPECT_EQ(merge.refused("north", Refusal::malformed), 6u);
}

TEST(MergeFold, Records_that_are_nobodys_are_counted_and_change_nothing) {
  Merge merge;
  merge.record(RecordKind::uplink, "north", "garbage");
  merge.rows("stranger", {{"tone", 1, "{}"}});
  merge.uplink("north", uplink::Credit{1});
  merge.record(RecordKind::uplink, "south", uplink::encode({1, uplink::Hello{EdgeId("north"), "", "", 0, life(1), 0}}));
  merge.record(RecordKind::desired, "something else", "x");
  merge.record(RecordKind::desired, std::string(kDesiredFunctionTopic), "garbage");
  EXPECT_EQ(merge.fold->bad_records(), 6u);
  EXPECT_TRUE(merge.fold->roster().edges().empty());
}

TEST(MergeFold, Latest_rows_belong_to_the_present_incarnation_alone) {
  Merge merge;
  merge.hello("north", 1);
  merge.rows("north", {{"tpump", 10, R"({"id":"pump"})"}, {std::string("apump\0hot", 9), 11, "{}"}}, 1);
  EXPECT_EQ(merge.view().twins({})->items.size(), 1u);
  EXPECT_EQ(merge.view().alerts({})->items.size(), 1u);
  merge.hello("north", 2);
  EXPECT_TRUE(merge.view().twins({})->items.empty());
  EXPECT_TRUE(merge.view().alerts({})->items.empty());
  merge.rows("north", {{"tpump", 99, "{}"}}, 1);
  EXPECT_TRUE(merge.view().twins({})->items.empty()) << "rows of the earlier incarnation are late";
  merge.rows("north", {{"tpump", 1, "{}"}}, 2);
  EXPECT_EQ(merge.view().twins({})->items.size(), 1u);
}

TEST(MergeFold, An_incarnation_that_comes_back_is_asked_for_all_it_has) {
  Merge merge;
  merge.hello("north", 1);
  EXPECT_FALSE(merge.standing("north", 1).ask_all);
  merge.hello("north", 2);
  EXPECT_FALSE(merge.standing("north", 2).ask_all);
  merge.hello("north", 1);
  EXPECT_TRUE(merge.standing("north", 1).ask_all) << "its latest rows had made room";
  merge.hello("north", 1);
  EXPECT_FALSE(merge.standing("north", 1).ask_all);
}

TEST(MergeFold, An_edge_that_has_receipts_for_what_is_not_here_is_asked_for_all) {
  Merge merge;
  merge.hello("north", 1, "emea", /*acknowledged=*/500);
  EXPECT_TRUE(merge.standing("north", 1).ask_all);
  merge.observe("north", window(0), {1}, 500);
  merge.hello("north", 1, "emea", 500);
  EXPECT_FALSE(merge.standing("north", 1).ask_all);
}

TEST(MergeFold, A_removed_row_is_not_brought_back_by_an_older_one) {
  Merge merge;
  merge.hello("north");
  merge.rows("north", {{"tpump", 10, "{}"}});
  merge.rows("north", {{"tpump", 12, ""}});
  merge.rows("north", {{"tpump", 11, "{}"}});
  EXPECT_TRUE(merge.view().twins({})->items.empty());
  EXPECT_EQ(merge.edge("north").twins, 0u);
  merge.now += std::chrono::hours(25);
  merge.hello("north");
  EXPECT_TRUE(merge.fold->latest().rows().empty()) << "a day later nothing is left of it";
}

TEST(MergeFold, More_edges_than_the_limit_are_not_taken_and_their_session_is_refused) {
  Merge merge({.max_edges = 1, .windows = {}, .latest = {}});
  merge.hello("north");
  merge.hello("south");
  EXPECT_EQ(merge.fold->roster().edges().size(), 1u);
  EXPECT_TRUE(merge.standing("north").refused.empty());
  EXPECT_FALSE(merge.standing("south").refused.empty());
}

TEST(MergeFold, An_edge_has_no_more_rows_than_its_limit) {
  MergeLimits limits;
  limits.windows.rows_per_edge = 2;
  limits.latest.rows_per_edge = 1;
  Merge merge(limits);
  merge.hello("north");
  for (int i = 0; i < 4; ++i) merge.observe("north", window(i), {1}, 1);
  merge.observe("north", window(0), {1, 2}, 2);
  merge.rows("north", {{"tone", 1, "{}"}, {"ttwo", 1, "{}"}});
  EXPECT_EQ(merge.windows().size(), 2u);
  EXPECT_EQ(merge.windows().at(0).sum.aggregate().count(), 2u) << "a row that is there may still be replaced";
  EXPECT_EQ(merge.refused("north", Refusal::over_limit), 3u);
}

TEST(MergeFold, Old_windows_are_frozen_by_region_and_keep_their_sums) {
  MergeLimits limits;
  limits.windows.keep_parts = std::chrono::hours(1);
  limits.windows.keep_frozen = std::chrono::hours(24);
  Merge merge(limits);
  merge.hello("berlin", 1, "emea");
  merge.hello("osaka", 1, "apac");
  merge.observe("berlin", window(0), {1, 2}, 1);
  merge.observe("osaka", window(0), {10}, 1);
  const auto before = bytes_of(merge.windows().at(0).sum.aggregate());
  merge.now += std::chrono::hours(2);
  merge.hello("berlin", 1, "emea");
  EXPECT_TRUE(merge.windows(FleetLevel::edge).empty());
  EXPECT_EQ(merge.windows(FleetLevel::region).size(), 2u);
  ASSERT_EQ(merge.windows().size(), 1u);
  EXPECT_TRUE(merge.windows()[0].has_frozen);
  EXPECT_EQ(merge.windows()[0].sum.aggregate().count(), 3u);
  merge.observe("berlin", window(0), {1, 2, 3}, 2);
  EXPECT_EQ(merge.refused("berlin", Refusal::late), 1u);
  EXPECT_EQ(merge.windows()[0].sum.aggregate().count(), 3u);
  merge.restart();
  EXPECT_EQ(merge.windows()[0].sum.aggregate().count(), 3u);
  merge.now += std::chrono::hours(24);
  merge.hello("berlin", 1, "emea");
  EXPECT_TRUE(merge.windows().empty());
  EXPECT_EQ(merge.fold->windows().dropped(), 2u);
  EXPECT_EQ(merge.fold->windows().bytes(), 0u);
}

TEST(MergeFold, Too_many_bytes_freeze_the_oldest_windows_early_and_then_drop_them) {
  MergeLimits limits;
  limits.windows.bytes = 20'000;
  Merge merge(limits);
  merge.hello("berlin");
  merge.hello("madrid");
  for (int i = 0; i < 200; ++i) {
    merge.observe("berlin", window(i), {1, 2, 3}, 1);
    merge.observe("madrid", window(i), {4, 5, 6}, 1);
    merge.now += std::chrono::minutes(1);
    EXPECT_LE(merge.fold->windows().bytes(), limits.windows.bytes);
  }
  EXPECT_GT(merge.fold->windows().frozen_early(), 0u);
  EXPECT_GT(merge.fold->windows().dropped(), 0u);
  EXPECT_EQ(merge.windows().back().key.start_ns, window(199).start_ns);
}

TEST(MergeFold, Desired_functions_are_those_whose_selector_fits_the_edge) {
  Merge merge;
  merge.hello("berlin", 1, "emea");
  merge.hello("osaka", 1, "apac");
  merge.want("everywhere", "*");
  merge.want("europe", "region:emea");
  merge.want("named", "osaka,lima");
  const auto names = [&](const std::string& edge) {
    std::vector<std::string> found;
    for (const auto& function : merge.standing(edge).desired.functions) found.push_back(function.name.text());
    return found;
  };
  EXPECT_EQ(names("berlin"), (std::vector<std::string>{"europe", "everywhere"}));
  EXPECT_EQ(names("osaka"), (std::vector<std::string>{"everywhere", "named"}));
  const auto generation = merge.fold->generation();
  merge.want("everywhere", "*", 'a', /*removed=*/true);
  EXPECT_GT(merge.fold->generation(), generation);
  EXPECT_EQ(names("berlin"), std::vector<std::string>{"europe"});
  merge.want("absent", "*", 'a', /*removed=*/true);
  EXPECT_EQ(merge.fold->generation(), merge.standing("berlin").desired.generation);
  merge.hello("berlin", 1, "apac");
  EXPECT_TRUE(names("berlin").empty()) << "an edge that moved";
}

TEST(MergeFold, Rule10_a_restart_from_the_store_gives_the_same_tables_as_no_restart) {
  const auto run = [](bool restarts) {
    MergeLimits limits;
    limits.windows.keep_parts = std::chrono::minutes(30);
    Merge merge(limits);
    std::mt19937_64 random(3);
    for (std::uint64_t i = 1; i < 600; ++i) {
      merge.now += std::chrono::seconds(random() % 20);
      const auto edge = "edge" + std::to_string(random() % 4);
      const auto number = static_cast<std::uint8_t>(1 + (random() % 10 == 0));
      switch (random() % 6) {
        case 0: merge.hello(edge, number, random() % 2 == 0 ? "emea" : "apac"); break;
        case 1: merge.want("f" + std::to_string(random() % 3), "*", 'b', random() % 3 == 0); break;
        case 2: merge.rows(edge, {{"t" + std::to_string(random() % 5), i, random() % 4 == 0 ? "" : "{}"}}, number); break;
        case 3: merge.uplink(edge, uplink::Status{i, {}, 0, "{}"}); break;
        default: merge.observe(edge, window(static_cast<int>(random() % 90)), {1.0 * static_cast<double>(i)}, i, number);
      }
      if (restarts && random() % 10 == 0) merge.restart();
      if (!restarts) (void)(random() % 10);
    }
    merge.store.commit(*merge.fold);
    return merge.store.tables();
  };
  const auto without = run(false), with = run(true);
  EXPECT_FALSE(without.empty());
  EXPECT_EQ(without, with);
}

TEST(MergeFold, A_stored_row_that_does_not_decode_is_named_by_its_table) {
  Merge merge;
  merge.hello("north");
  merge.store.commit(*merge.fold);
  class BrokenStore final : public StoreReader {
   public:
    Result<void> for_each(std::string_view table, const RowVisitor& visit) const override {
      if (table == DesiredState::kTable) visit("alarm", "garbage");
      return {};
    }
    Result<std::optional<std::string>> find(std::string_view, std::string_view) const override { return std::optional<std::string>(); }
  };
  MergeFold fold{MergeLimits{}};
  const auto loaded = fold.load(BrokenStore());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message, "a row of table desired_functions does not decode");
}

// A replay knows no configuration but that of the journal.
TEST(MergeFold, Its_limits_are_a_record_and_come_back_from_the_store) {
  MergeLimits limits;
  limits.max_edges = 1;
  limits.windows.keep_parts = std::chrono::hours(2);
  Merge merge;
  merge.configure(limits);
  merge.hello("north");
  merge.hello("south");
  EXPECT_EQ(merge.fold->roster().edges().size(), 1u);
  merge.restart();
  EXPECT_EQ(merge.fold->limits(), limits);
  merge.observe("north", window(0), {1}, 1);
  merge.now = kNoon + std::chrono::hours(3);
  merge.hello("north");
  EXPECT_TRUE(merge.windows().at(0).has_frozen);
  merge.configure({});
  merge.hello("south");
  EXPECT_EQ(merge.fold->roster().edges().size(), 2u);
}

TEST(MergeFold, Limits_that_are_none_change_nothing_and_are_counted) {
  Merge merge;
  const auto before = merge.fold->limits();
  for (const char* text : {"", "[]", R"({"max_edges":-1})", R"({"keep_parts_ns":"1 h"})", R"({"window_bytes":18446744073709551615})"}) {
    merge.record(RecordKind::configuration, "", text);
  }
  EXPECT_EQ(merge.fold->limits(), before);
  EXPECT_EQ(merge.fold->bad_records(), 5u);
  merge.record(RecordKind::configuration, "", R"({"max_edges":7,"of a later version":1})");
  EXPECT_EQ(merge.fold->limits().max_edges, 7u);
  EXPECT_EQ(parse_merge_limits(to_json(merge.fold->limits())).value(), merge.fold->limits());
}

TEST(MergeFold, A_desired_function_without_room_is_refused_with_the_reason_for_who_waits) {
  Merge merge;
  merge.want("alarm", "*");
  EXPECT_FALSE(merge.fold->refusal_of(Position{merge.position}));
  const DesiredChange large{false, {FunctionName("alarm"), std::string(uplink::kMaxManifest + 1, 'x'), std::string(64, 'b')}, {}};
  EXPECT_EQ(merge.fold->desired().check(large.function.name, large.function.manifest).error().code, ErrorCode::limit_exceeded);
  merge.record(RecordKind::desired, std::string(kDesiredFunctionTopic), encode(large));
  const auto why = merge.fold->refusal_of(Position{merge.position});
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, ErrorCode::limit_exceeded);
  EXPECT_NE(why->message.find("the limit is " + std::to_string(uplink::kMaxManifest)), std::string::npos) << why->message;
  EXPECT_EQ(merge.fold->desired().functions().at("alarm").function.manifest, "manifest");
}

TEST(MergeFold, Reasons_of_refusals_are_kept_for_the_last_ones_alone) {
  Merge merge;
  const auto refuse = [&] { merge.record(RecordKind::desired, std::string(kDesiredFunctionTopic), "garbage"); };
  refuse();
  const Position first{merge.position};
  for (int i = 0; i < 255; ++i) refuse();
  EXPECT_TRUE(merge.fold->refusal_of(first));
  refuse();
  EXPECT_FALSE(merge.fold->refusal_of(first));
}

TEST(MergeFold, Every_row_of_a_twin_that_replaces_another_is_shown_with_both) {
  Merge merge;
  std::vector<std::string> seen;
  merge.fold->observe_latest([&](const LatestTable::Key& key, std::string_view before, std::string_view after) {
    seen.push_back(key.edge.text() + " " + key.key + " " + std::string(before) + ">" + std::string(after));
  });
  const auto row = [&](std::uint64_t revision, const std::string& payload, std::uint8_t incarnation = 1) {
    merge.rows("north", {{"tpump", revision, payload}}, incarnation);
  };
  merge.hello("north");
  row(1, "one");
  row(3, "three");
  row(2, "two");
  row(3, "again");
  merge.hello("north", 2);
  row(1, "anew", 2);
  EXPECT_EQ(seen, (std::vector<std::string>{"north tpump >one", "north tpump one>three", "north tpump three>", "north tpump >anew"}));
}

}  // namespace
}  // namespace doppel

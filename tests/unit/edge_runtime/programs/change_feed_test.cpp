#include "edge_runtime/programs/change_feed.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "edge_runtime/http/sse_parser.h"
#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace doppel {
namespace {

using nlohmann::json;

// A hub with one reader.
class Feed {
 public:
  explicit Feed(StreamFilter filter = {}) : reader_(hub.subscribe(std::move(filter), "")) { read(); }

  // The changes since the last call.
  json read() {
    hub.drain();
    std::vector<SharedText> texts;
    reader_->take(1u << 20, texts);
    json changes = json::array();
    SseParser parser;
    for (const auto& text : texts) {
      parser.feed(*text, [&](const SseEvent& event) {
        if (event.type == "change") changes.push_back(json::parse(event.data));
      });
    }
    return changes;
  }

  StreamHub hub{"life"};

 private:
  std::unique_ptr<StreamSource> reader_;
};

class EdgeFeed : public testing::Test {
 protected:
  // Takes the speed of every twin under remove/.
  void deploy_remover() {
    edge_.apply({activation(0, "remover", functions_.add("remover", "writes = ['speed: f64']\n[[trigger]]\ntopic = 'remove/#'\n", [](NativeRun& run) {
      for (std::uint32_t i = 0; i < run.events(); ++i) run.add(EffectKind::remove, i, "speed");
    }))});
  }
  json changes_of(const std::vector<Input>& inputs) {
    edge_.apply(inputs);
    publish_changes(edge_.pipeline(), feed_.hub);
    return feed_.read();
  }
  static Input wish(double seconds, const std::string& twin, const std::string& property, double value) {
    return set_record(seconds, twin, {.request = "", .property = property, .value = Value(ValueView::of(value)), .if_match = {}});
  }

  NativeFunctions functions_;
  Edge edge_{functions_};
  Feed feed_;
};

TEST_F(EdgeFeed, A_change_has_what_its_batch_changed_and_nothing_else) {
  edge_.apply({message(1, "m", R"({"speed": 1, "mode": "slow"})")});
  const auto changes = changes_of({message(2, "m", R"({"speed": 2})"), message(3, "m", R"({"speed": 3})")});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0]["events"], 3);
  EXPECT_EQ(changes[0]["properties"].size(), 1u);
  EXPECT_EQ(changes[0]["properties"]["speed"]["v"], 3);
}

TEST_F(EdgeFeed, A_value_that_is_desired_is_told_without_the_reported_one_until_the_device_reports_it) {
  edge_.apply({message(1, "m", R"({"speed": 1})")});
  auto told = changes_of({wish(2, "m", "speed", 5)})[0]["properties"]["speed"];
  EXPECT_EQ(told["desired"], 5);
  EXPECT_TRUE(told.contains("pending_since"));
  EXPECT_FALSE(told.contains("ts"));
  told = changes_of({message(3, "m", R"({"speed": 4})")})[0]["properties"]["speed"];
  EXPECT_EQ(told["v"], 4);
  EXPECT_EQ(told["desired"], 5);
  told = changes_of({message(4, "m", R"({"speed": 5})")})[0]["properties"]["speed"];
  EXPECT_EQ(told["v"], 5);
  EXPECT_FALSE(told.contains("pending_since"));
}

TEST_F(EdgeFeed, A_property_that_a_function_removes_is_told_by_name) {
  deploy_remover();
  edge_.apply({message(1, "remove/m", R"({"mode": "slow"})")});
  edge_.apply({wish(2, "remove/m", "limit", 5)});
  EXPECT_TRUE(changes_of({message(3, "remove/m", R"({"mode": "fast"})")})[0]["removed"].is_null()) << "there was none";
  edge_.apply({message(4, "remove/m", R"({"mode": "slow"})")});
  const auto changes = changes_of({message(5, "remove/m", R"({"speed": 1})")});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0]["removed"], json::array({"speed"}));
}

TEST_F(EdgeFeed, A_property_that_is_removed_while_another_value_is_desired_is_told_as_both) {
  deploy_remover();
  edge_.apply({message(1, "remove/m", R"({"mode": "slow"})")});
  edge_.apply({wish(2, "remove/m", "speed", 5)});
  const auto change = changes_of({message(3, "remove/m", R"({"speed": 1})")})[0];
  EXPECT_EQ(change["removed"], json::array({"speed"}));
  EXPECT_EQ(change["properties"]["speed"]["desired"], 5);
  EXPECT_FALSE(change["properties"]["speed"].contains("ts"));
}

TEST_F(EdgeFeed, A_removal_is_told_of_its_own_twin_alone) {
  deploy_remover();
  const auto changes = changes_of({message(1, "remove/m", R"({"speed": 1})"), message(1, "other", R"({"speed": 1})")});
  ASSERT_EQ(changes.size(), 2u);
  for (const auto& change : changes) EXPECT_EQ(change.contains("removed"), change["id"] == "remove/m") << change;
}

class FleetFeed : public testing::Test {
 protected:
  json change(const json& before, const json& after) {
    publish_row("north", "m", before.is_null() ? "" : before.dump(), after.is_null() ? "" : after.dump(), feed_.hub);
    return feed_.read();
  }
  static json twin(std::uint64_t rev, json properties) {
    return {{"id", "m"}, {"rev", rev}, {"events", 4}, {"model", "motor"}, {"last_seen", "2026-03-01T12:00:00Z"}, {"properties", std::move(properties)}};
  }
  static json reported(double value, std::uint64_t rev) { return {{"v", value}, {"ts", "2026-03-01T12:00:00Z"}, {"rev", rev}}; }
  static json with_desired(json property, double value) {
    property["desired"] = value;
    property["pending_since"] = "2026-03-01T12:00:01Z";
    return property;
  }
  Feed feed_;
};

TEST_F(FleetFeed, A_first_row_is_told_whole_with_its_edge) {
  const auto changes = change(nullptr, twin(2, {{"speed", reported(1, 2)}}));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0], json::parse(R"({"edge":"north","id":"m","model":"motor","rev":2,"events":4,"last_seen":"2026-03-01T12:00:00Z",
    "properties":{"speed":{"v":1.0,"ts":"2026-03-01T12:00:00Z","rev":2}}})"));
}

TEST_F(FleetFeed, A_row_that_replaces_another_tells_what_differs) {
  const auto before = twin(2, {{"speed", reported(1, 1)}, {"mode", reported(7, 1)}, {"old", reported(1, 1)}, {"limit", reported(3, 2)}});
  const auto after = twin(6, {{"speed", reported(2, 5)}, {"mode", reported(7, 1)}, {"limit", with_desired(reported(3, 2), 9)}});
  const auto told = change(before, after)[0];
  EXPECT_EQ(told["removed"], json::array({"old"}));
  EXPECT_EQ(told["properties"], json::parse(R"({"speed":{"v":2.0,"ts":"2026-03-01T12:00:00Z","rev":5},
    "limit":{"desired":9.0,"pending_since":"2026-03-01T12:00:01Z","rev":2}})"));
}

TEST_F(FleetFeed, What_is_no_longer_desired_is_told_by_the_whole_property) {
  const auto told = change(twin(2, {{"limit", with_desired(reported(3, 2), 9)}}), twin(3, {{"limit", reported(3, 2)}}))[0];
  EXPECT_EQ(told["properties"]["limit"], reported(3, 2));
}

TEST_F(FleetFeed, A_property_without_a_reported_value_any_more_is_removed_and_still_desired) {
  const auto told = change(twin(2, {{"limit", with_desired(reported(3, 2), 9)}}), twin(3, {{"limit", with_desired({{"v", nullptr}, {"rev", 2}}, 9)}}))[0];
  EXPECT_EQ(told["removed"], json::array({"limit"}));
  EXPECT_EQ(told["properties"]["limit"]["desired"], 9);
}

TEST_F(FleetFeed, A_row_that_is_gone_takes_its_properties_with_it) {
  const auto told = change(twin(2, {{"speed", reported(1, 1)}}), nullptr)[0];
  EXPECT_EQ(told["removed"], json::array({"speed"}));
  EXPECT_EQ(told["rev"], 2);
  EXPECT_EQ(change(nullptr, nullptr).size(), 0u);
}

TEST_F(FleetFeed, A_row_of_wrong_types_is_told_without_what_cannot_be_read) {
  const auto told = change(json::array({1}), json::parse(R"({"rev":"x","events":-1,"model":3,"last_seen":5,"properties":
    {"a":5,"b":{"ts":7,"v":1},"c":{"ts":"2026-03-01T12:00:00Z"}}})"))[0];
  EXPECT_EQ(told["rev"], 0);
  EXPECT_EQ(told["properties"], json::parse(R"({"c":{"v":null,"ts":"2026-03-01T12:00:00Z","rev":0}})"));
  EXPECT_EQ(change(5, json::parse(R"({"properties":[{"ts":1}]})"))[0]["properties"].size(), 0u);
}

}  // namespace
}  // namespace doppel

#include "coordinator/desired_state.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(EdgeSelector, Is_all_a_region_or_names) {
  EXPECT_TRUE(parse_selector("")->selects(EdgeId("any"), "emea"));
  EXPECT_TRUE(parse_selector("*")->selects(EdgeId("any"), ""));
  const auto region = parse_selector("region:emea");
  ASSERT_TRUE(region);
  EXPECT_TRUE(region->selects(EdgeId("berlin"), "emea"));
  EXPECT_FALSE(region->selects(EdgeId("osaka"), "apac"));
  const auto names = parse_selector("south,north,south");
  ASSERT_TRUE(names);
  EXPECT_TRUE(names->selects(EdgeId("north"), ""));
  EXPECT_FALSE(names->selects(EdgeId("west"), ""));
  EXPECT_EQ(to_string(*names), "north,south");
  EXPECT_EQ(to_string(*region), "region:emea");
  EXPECT_EQ(to_string(*parse_selector("")), "*");
}

TEST(EdgeSelector, Quotes_the_part_that_is_wrong) {
  EXPECT_EQ(parse_selector("north,So uth").error().message,
            "edge selector: \"So uth\" is no edge name; it is *, region:NAME, or edge names with commas between");
  EXPECT_EQ(parse_selector("north,").error().code, ErrorCode::invalid_input);
  EXPECT_EQ(parse_selector("region:").error().message, "edge selector \"region:\" names no region");
}

TEST(EdgeSelector, Without_others_leaves_names_or_says_that_no_selector_would) {
  const auto text = [](const char* selector, const char* taken) {
    const auto left = without(*parse_selector(selector), *parse_selector(taken));
    if (!left) return left.error().message;
    return *left ? to_string(**left) : std::string("nothing");
  };
  EXPECT_EQ(text("east,north,south", "north,west"), "east,south");
  EXPECT_EQ(text("north,south", "south,north"), "nothing");
  EXPECT_EQ(text("region:emea", "region:emea"), "nothing");
  EXPECT_EQ(text("region:emea", "*"), "nothing");
  EXPECT_EQ(text("*", "north"),
            "the function is for edges *, and no selector says them without north: delete it with \"*\", or deploy it again for the edges that keep it");
}

TEST(DesiredChange, Is_read_back_as_it_was_written) {
  const DesiredChange change{false, {FunctionName("alarm"), "manifest", std::string(64, 'a')}, *parse_selector("north,south")};
  const auto back = decode_desired_change(encode(change));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->function, change.function);
  EXPECT_EQ(back->edges, change.edges);
  EXPECT_FALSE(back->removed);
}

TEST(DesiredChange, Damage_is_an_error) {
  const auto sound = encode({false, {FunctionName("alarm"), "m", std::string(64, 'a')}, {}});
  for (std::size_t size = 0; size < sound.size(); ++size) EXPECT_FALSE(decode_desired_change(sound.substr(0, size)));
  EXPECT_FALSE(decode_desired_change(sound + "x"));
  EXPECT_FALSE(decode_desired_change(encode({false, {FunctionName("alarm"), "m", "no hash"}, {}})));
  EXPECT_FALSE(decode_desired_change(encode({true, {FunctionName("Not A Name"), "", ""}, {}})));
}

TEST(DesiredState, What_would_not_fit_in_a_frame_is_refused_with_the_limit) {
  DesiredState state;
  const auto put = [&](int number, std::size_t manifest) {
    const DesiredChange change{false, {FunctionName("f" + std::to_string(number)), std::string(manifest, 'x'), std::string(64, 'a')}, {}};
    return state.apply(change, Position{static_cast<std::uint64_t>(number)});
  };
  EXPECT_EQ(put(1, uplink::kMaxManifest + 1).error().code, ErrorCode::limit_exceeded);
  int taken = 0;
  while (put(taken + 1, uplink::kMaxManifest)) ++taken;
  EXPECT_EQ(taken, 31);
  EXPECT_EQ(state.functions().size(), 31u);
  EXPECT_EQ(state.generation(), 31u);
  const auto frame = uplink::encode({1, state.desired_of(EdgeId("north"), "")});
  EXPECT_LT(frame.size(), uplink::kMaxFrame);
}

}  // namespace
}  // namespace doppel

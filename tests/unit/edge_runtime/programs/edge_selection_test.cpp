#include "edge_runtime/programs/edge_selection.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

EdgeView edge(const std::string& name, const std::string& region = "") {
  EdgeView view;
  view.name = EdgeId(name);
  view.region = region;
  return view;
}

const std::vector<EdgeView> kFleet = {edge("north", "emea"), edge("south", "apac")};

std::string refusal(const std::string& selector, std::span<const EdgeView> edges = kFleet) {
  const auto selects = check_selects(*parse_selector(selector), edges);
  return selects ? "" : selects.error().message;
}

TEST(EdgeSelection, All_edges_are_those_that_come_as_well_and_one_that_is_known_is_enough) {
  EXPECT_EQ(refusal("*", {}), "");
  EXPECT_EQ(refusal("north,soth"), "");
  EXPECT_EQ(refusal("region:apac"), "");
}

TEST(EdgeSelection, A_selector_without_edges_names_what_was_meant_and_what_there_is) {
  EXPECT_EQ(refusal("soth,x9y8z7"), "edge selector \"soth,x9y8z7\" selects no edge: no edge is called \"soth\"; did you mean \"south\"?; "
                                    "none \"x9y8z7\"; known edges: north, south");
  EXPECT_EQ(refusal("emea"), "edge selector \"emea\" selects no edge: no edge is called \"emea\"; the region of that name is region:emea; "
                             "known edges: north, south");
  EXPECT_EQ(refusal("region:eema"), "edge selector \"region:eema\" selects no edge: none is of this region; did you mean \"emea\"?; "
                                    "known regions: apac, emea");
  EXPECT_EQ(refusal("north", {}), "edge selector \"north\" selects no edge: no edge is called \"north\"; known edges: none");
}

TEST(EdgeSelection, Of_a_large_fleet_only_the_first_are_named) {
  std::vector<EdgeView> fleet;
  for (int i = 10; i < 40; ++i) fleet.push_back(edge("edge-" + std::to_string(i)));
  EXPECT_TRUE(refusal("pump", fleet).ends_with("edge-29 and 10 more")) << refusal("pump", fleet);
}

}  // namespace
}  // namespace doppel

#include "edge_runtime/config/suggest.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(Suggestions, know_slips_of_the_finger_and_nothing_else) {
  const std::vector<std::string> known{"journal", "store", "http"};
  EXPECT_EQ(nearest_word("jornal", known), "journal");
  EXPECT_EQ(nearest_word("stroe", known), "store");
  EXPECT_FALSE(nearest_word("banana", known));
  EXPECT_EQ(did_you_mean("htp", known), "; did you mean \"http\"?");
}

}  // namespace
}  // namespace doppel

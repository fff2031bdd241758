#include "edge_runtime/programs/list_json.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

// The page of the numbers 10, 20, 30 that is asked for.
std::string page_of(const Page& page) {
  auto list = NumberedList::open(page);
  if (!list) return list.error().message;
  for (const std::uint64_t number : {10u, 20u, 30u}) {
    if (std::string* item = list->item(number)) *item += std::to_string(number);
  }
  return list->close();
}

TEST(NumberedList, Pages_follow_each_other_by_the_number_of_the_last_item) {
  EXPECT_EQ(page_of({2, ""}), R"({"items":[10,20],"next":"20"})");
  EXPECT_EQ(page_of({2, "20"}), R"({"items":[30],"next":null})");
  EXPECT_EQ(page_of({3, ""}), R"({"items":[10,20,30],"next":null})");
  EXPECT_EQ(page_of({2, "30"}), R"({"items":[],"next":null})");
}

TEST(NumberedList, A_cursor_that_is_no_number_is_refused_by_name) {
  for (const std::string cursor : {"x", "1x", "-1", "99999999999999999999", " 1"}) {
    EXPECT_EQ(page_of({2, cursor}), "after = " + cursor + " is no cursor of this list");
  }
}

}  // namespace
}  // namespace doppel

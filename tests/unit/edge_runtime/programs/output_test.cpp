#include "edge_runtime/programs/output.h"

#include <gtest/gtest.h>

namespace doppel {
namespace {

TEST(Table, columns_are_as_wide_as_their_widest_cell) {
  Table table({"TWIN", "N"});
  table.add({"a", "1"});
  table.add({"höhe", "22"});
  EXPECT_EQ(table.text(), "TWIN  N\na     1\nhöhe  22\n");
}

TEST(Table, control_characters_of_a_twin_do_nothing_to_the_terminal) {
  Table table({"TWIN"});
  table.add({"a\x1b[31mb\n"});
  EXPECT_EQ(table.text(), "TWIN\na?[31mb?\n");
}

TEST(Table, a_short_row_is_filled_up) {
  Table table({"A", "B"});
  table.add({"x"});
  EXPECT_EQ(table.text(), "A  B\nx  \n");
}

}  // namespace
}  // namespace doppel

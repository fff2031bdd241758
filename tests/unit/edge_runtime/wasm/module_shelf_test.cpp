#include "edge_runtime/wasm/module_shelf.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace doppel::wasm {
namespace {

// A shelf whose loads are counted; a module named "broken" cannot be loaded.
class ModuleShelfTest : public testing::Test {
 protected:
  Result<ModuleShelf::Module> load(const ShelfPlace& place) {
    ++loads_[place.module_sha256];
    if (place.module_sha256 == "broken") return unavailable("broken");
    return ModuleShelf::Module(std::make_shared<LoadedModule>());
  }
  static ShelfPlace place(const std::string& name) {
    ShelfPlace out;
    out.module_sha256 = name;
    return out;
  }

  std::map<std::string, int> loads_;
  ModuleShelf shelf_{2, [this](const ShelfPlace& place) { return load(place); }};
};

TEST_F(ModuleShelfTest, What_is_on_the_shelf_is_not_loaded_again) {
  ShelfPlace a = place("a");
  const auto first = shelf_.take(a);
  const auto second = shelf_.take(a);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(loads_["a"], 1);
}

TEST_F(ModuleShelfTest, The_least_recently_used_goes_first) {
  ShelfPlace a = place("a"), b = place("b"), c = place("c");
  (void)shelf_.take(a);
  (void)shelf_.take(b);
  (void)shelf_.take(a);
  (void)shelf_.take(c);  // b goes
  (void)shelf_.take(a);
  (void)shelf_.take(b);
  EXPECT_EQ(loads_["a"], 1);
  EXPECT_EQ(loads_["b"], 2);
}

TEST_F(ModuleShelfTest, A_module_in_use_outlives_its_place) {
  ShelfPlace a = place("a"), b = place("b"), c = place("c");
  const auto in_use = shelf_.take(a);
  (void)shelf_.take(b);
  (void)shelf_.take(c);
  EXPECT_EQ(in_use->use_count(), 1);
}

TEST_F(ModuleShelfTest, A_place_that_is_removed_makes_room) {
  ShelfPlace a = place("a"), b = place("b"), c = place("c");
  (void)shelf_.take(a);
  (void)shelf_.take(b);
  shelf_.remove(a);
  shelf_.remove(a);
  (void)shelf_.take(c);
  (void)shelf_.take(b);
  EXPECT_EQ(loads_["b"], 1);
}

TEST_F(ModuleShelfTest, A_failed_load_takes_nobodys_place_and_is_tried_again) {
  ShelfPlace a = place("a"), b = place("b"), broken = place("broken");
  (void)shelf_.take(a);
  (void)shelf_.take(b);
  EXPECT_FALSE(shelf_.take(broken));
  EXPECT_FALSE(shelf_.take(broken));
  EXPECT_EQ(loads_["broken"], 2);
  (void)shelf_.take(a);
  EXPECT_EQ(loads_["a"], 1);
}

}  // namespace
}  // namespace doppel::wasm

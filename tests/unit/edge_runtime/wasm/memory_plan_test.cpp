#include "edge_runtime/wasm/memory_plan.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

namespace doppel::wasm {
namespace {

std::uint64_t mapped_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  statm >> pages;
  return pages * 4096;
}

TEST(MemoryPlan, Every_plan_is_found_by_its_name) {
  const MemoryPlan& best = best_memory_plan();
  EXPECT_EQ(find_memory_plan(best.name), &best);
  ASSERT_NE(find_memory_plan("on-demand"), nullptr);
  EXPECT_EQ(find_memory_plan("on-demand")->slots, 0u);
  EXPECT_EQ(find_memory_plan("unknown"), nullptr);
}

TEST(MemoryPlan, Every_plan_holds_the_largest_memory_a_manifest_may_ask_for) {
  for (const char* name : {"pool-64x4GiB", "pool-32x4GiB", "pool-16x64MiB", "on-demand"}) {
    ASSERT_NE(find_memory_plan(name), nullptr) << name;
    EXPECT_GE(find_memory_plan(name)->reservation, kMaxMemoryBytes) << name;
  }
}

// Address space is narrowed in a child, as a gateway or an emulator narrows it.
std::string best_plan_within(std::uint64_t extra) {
  const rlimit limit{mapped_bytes() + extra, mapped_bytes() + extra};
  ::setrlimit(RLIMIT_AS, &limit);
  return std::string(best_memory_plan().name);
}

void expect_plan(std::uint64_t extra, const char* name) {
  EXPECT_EXIT(std::exit(best_plan_within(extra) == name ? 0 : 1), testing::ExitedWithCode(0), "") << extra << " bytes more, " << name;
}

TEST(MemoryPlanDeathTest, Steps_down_as_address_space_shrinks) {
  constexpr std::uint64_t kGiB = 1ull << 30;
  expect_plan(200 * kGiB, "pool-32x4GiB");
  expect_plan(100 * kGiB, "pool-16x64MiB");
  expect_plan(1 * kGiB, "on-demand");
}

}  // namespace
}  // namespace doppel::wasm

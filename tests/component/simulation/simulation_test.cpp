// That the checker of the simulation can fail, and that a seed is a run.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/simulation/fleet.h"

namespace doppel::simulation {
namespace {

constexpr std::uint64_t kMostSeeds = 2'000;

// The promise that a run breaks; nothing where all are kept.
std::optional<std::string> broken_by(std::uint64_t seed, Mutation mutation = Mutation::none) {
  try {
    Fleet({seed, false, mutation}).run();
  } catch (const Broken& broken) {
    return broken.what();
  }
  return std::nullopt;
}

class Mutations : public testing::TestWithParam<Mutation> {};

TEST_P(Mutations, is_caught_within_2000_seeds) {
  for (std::uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    if (const auto broken = broken_by(seed, GetParam())) {
      RecordProperty("caught", std::to_string(seed) + ": " + *broken);
      return;
    }
  }
  FAIL() << to_string(GetParam()) << " breaks nothing that the checker sees";
}

INSTANTIATE_TEST_SUITE_P(Simulation, Mutations, testing::ValuesIn(kMutations), [](const auto& each) { return std::string(to_string(each.param)); });

TEST(Simulation, the_same_seed_is_the_same_run) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto first = Fleet({seed, false, Mutation::none}).run(), second = Fleet({seed, false, Mutation::none}).run();
    EXPECT_EQ(first.operations, second.operations) << "seed " << seed;
    EXPECT_EQ(first.publications, second.publications);
    EXPECT_EQ(first.processes, second.processes);
    EXPECT_EQ(first.lawfully_lost, second.lawfully_lost);
  }
}

}  // namespace
}  // namespace doppel::simulation

#include "edge_runtime/wasm/memory_plan.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>

namespace doppel::wasm {
namespace {

constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kKiB = 1ull << 10;

constexpr std::array<MemoryPlan, 4> kPlans{{
    {"pool-64x4GiB", 64, 4 * kGiB, 32 * kMiB},
    {"pool-32x4GiB", 32, 4 * kGiB, 32 * kMiB},
    {"pool-16x64MiB", 16, kMaxMemoryBytes, 64 * kKiB},
    {"on-demand", 0, kMaxMemoryBytes, 64 * kKiB},
}};

bool can_be_reserved(const MemoryPlan& plan) {
  const std::uint64_t size = plan.slots * (plan.reservation + plan.guard) + plan.guard + kGiB / 4;  // tables and instances beside
  void* at = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return false;
  ::munmap(at, size);
  return true;
}

}  // namespace

const MemoryPlan& best_memory_plan() {
  const auto* plan =
      std::find_if(kPlans.begin(), kPlans.end(), [](const MemoryPlan& p) { return p.slots == 0 || can_be_reserved(p); });
  return *plan;
}

const MemoryPlan* find_memory_plan(std::string_view name) {
  const auto* plan = std::find_if(kPlans.begin(), kPlans.end(), [&](const MemoryPlan& p) { return p.name == name; });
  return plan == kPlans.end() ? nullptr : plan;
}

std::string memory_plan_names() {
  std::string names;
  for (const MemoryPlan& plan : kPlans) {
    if (!names.empty()) names += ", ";
    names += plan.name;
  }
  return names;
}

}  // namespace doppel::wasm

#include "tests/simulation/world.h"

#include <cinttypes>
#include <cstdio>

namespace doppel::simulation {

void World::run_until(Duration until) {
  while (!events_.empty() && events_.begin()->first.first <= until) {
    auto next = events_.extract(events_.begin());
    now_ = std::max(now_, next.key().first);
    next.mapped()();
  }
  now_ = std::max(now_, until);
}

void World::write_trace(const std::string& who, std::initializer_list<std::string> parts) const {
  std::printf("%12.6f %-6s", static_cast<double>(now_.count()) / 1e9, who.c_str());
  for (const auto& part : parts) std::printf(" %s", part.c_str());
  std::printf("\n");
}

}  // namespace doppel::simulation

// What lies between the edges and their coordinator: frames are late, lost, repeated and out of order, and at times nothing passes.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "tests/simulation/world.h"

namespace doppel::simulation {

class SimNetwork {
 public:
  SimNetwork(World& world, std::uint64_t losses_percent) : world_(world), losses_percent_(losses_percent) {}

  void set_losses(std::uint64_t percent) { losses_percent_ = percent; }
  void cut(std::size_t edge) { cut_.insert(edge); }
  void join(std::size_t edge) { cut_.erase(edge); }
  bool is_cut(std::size_t edge) const { return cut_.contains(edge); }

  // Either direction. `arrive` is called once, never, or more often.
  void carry(std::size_t edge, std::function<void()> arrive) {
    auto& random = world_.random();
    for (int copies = random.percent(losses_percent_) ? 2 : 1; copies > 0; --copies) {
      if (is_cut(edge) || random.percent(losses_percent_)) continue;
      const auto delay = std::chrono::microseconds(random.between(100, random.percent(losses_percent_) ? 3'000'000 : 20'000));
      world_.after(delay, [this, edge, arrive] {
        if (!is_cut(edge)) arrive();
      });
    }
  }

 private:
  World& world_;
  std::uint64_t losses_percent_;
  std::set<std::size_t> cut_;
};

}  // namespace doppel::simulation

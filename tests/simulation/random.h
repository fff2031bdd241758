// The one generator of a run: every choice of a world comes from it, so that a seed is a run.
#pragma once

#include <cstdint>

namespace doppel::simulation {

// splitmix64 (Steele, Lea, Flood 2014). The same numbers everywhere, unlike the distributions of the standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }                        // bound > 0
  std::int64_t between(std::int64_t first, std::int64_t last) {                              // both included
    return first + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - first) + 1));
  }
  bool percent(std::uint64_t chance) { return below(100) < chance; }
  Random split() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace doppel::simulation

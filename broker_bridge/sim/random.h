// Random numbers that are the same on every machine.
#pragma once

#include <cstdint>

#include "twin_store/model/hash.h"

namespace doppel {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15u, 0); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
  double around() { return 2 * unit() - 1; }                            // [-1, 1)

 private:
  std::uint64_t state_;
};

}  // namespace doppel

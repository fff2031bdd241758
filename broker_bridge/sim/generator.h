// The values of one field of one device.
#pragma once

#include <string>

#include "broker_bridge/sim/random.h"
#include "broker_bridge/sim/scenario.h"

namespace doppel {

// Borrows the spec.
class Generator {
 public:
  Generator(const FieldSpec& spec, Random& random);

  // Appends the value at `at` as JSON. Called with times that never go back.
  void append(Duration at, Random& random, std::string& out);

 private:
  double number(Duration at, Random& random);
  double spike(Duration at) const;
  const Value& chosen(const ChoiceField& choice, Duration at, Random& random);

  const FieldSpec* spec_;
  double offset_ = 0;  // of this device
  double state_ = 0;   // walk, counter: the last value; sine: the phase
  bool has_spikes_ = false;
  Duration spike_phase_{0};
  std::size_t choice_ = 0;
  std::int64_t choice_turn_ = -1;
};

// With `decimals` digits after the point, none of them a trailing zero.
void append_number(std::string& out, double value, int decimals);

}  // namespace doppel

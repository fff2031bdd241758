// Keeps mean and standard deviation of all values a twin has reported, without keeping the values: Welford's method, which
// stays exact where the textbook's sum of squares does not.
#include <doppel/function.hpp>

struct State {
  int64_t count;
  double mean;
  double m2;  // sum of squared distances from the mean
};

void on_event(const doppel::Event& event, State& state, doppel::Effects& effects) {
  const auto value = event.f64("value");
  if (!value) return;
  state.count += 1;
  const double distance = *value - state.mean;
  state.mean += distance / static_cast<double>(state.count);
  state.m2 += distance * (*value - state.mean);

  effects.set("value_count", state.count);
  effects.set("value_mean", state.mean);
  if (state.count > 1) effects.set("value_stddev", __builtin_sqrt(state.m2 / static_cast<double>(state.count - 1)));
}

DOPPEL_FUNCTION(State, on_event)

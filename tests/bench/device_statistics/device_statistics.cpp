// The work of one row: a running count and mean of its device, and an alert where it is too hot.
#include <doppel/function.hpp>

struct State {
  int64_t count;
  double mean;
};

void on_event(const doppel::Event& event, State& state, doppel::Effects& effects) {
  constexpr double kTooHot = 90;
  const auto temperature = event.f64("temp");
  if (!temperature) return;
  state.count += 1;
  state.mean += (*temperature - state.mean) / static_cast<double>(state.count);
  effects.set("temp_count", state.count);
  effects.set("temp_mean", state.mean);
  if (*temperature > kTooHot) effects.alert("too_hot", *temperature);
}

DOPPEL_FUNCTION(State, on_event)

// Counts the events of a twin, and sums what they brought.
#include <doppel/function.hpp>

struct State {
  double sum;
  uint32_t count;
};

void on_event(const doppel::Event& event, State& state, doppel::Effects& effects) {
  state.count += 1;
  state.sum += event.f64("value").value_or(0);
  effects.set("count", state.count);
  effects.set("sum", state.sum);
}

DOPPEL_FUNCTION(State, on_event)

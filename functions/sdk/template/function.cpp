// Keeps the highest temperature that a twin has reported.
// Effects: set, remove (properties), alert, clear (alerts), alarm, cancel (to be called later), send (to another twin), emit (to other
// functions), publish (MQTT), log, retry, fail. Each is explained in build/include/doppel/effects.hpp.
#include <doppel/function.hpp>

struct State {
  double highest;
  uint32_t has_one;
};

void on_event(const doppel::Event& event, State& state, doppel::Effects& effects) {
  const auto temperature = event.f64("temperature");
  if (!temperature) return;
  if (state.has_one && *temperature <= state.highest) return;
  state = {*temperature, 1};
  effects.set("temperature_max", *temperature);
}

DOPPEL_FUNCTION(State, on_event)

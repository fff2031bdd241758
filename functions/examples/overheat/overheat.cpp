// Raises an alert when a temperature passes its limit, and clears it when it has fallen well below: a value that trembles
// around the limit raises one alert, not hundreds.
#include <doppel/function.hpp>

struct State {
  uint32_t is_hot;
  uint32_t times;  // how often it has become hot
};

void on_event(const doppel::Event& event, State& state, doppel::Effects& effects) {
  const auto temperature = event.f64("temperature");
  if (!temperature) return;
  const double limit = event.f64("twin.temperature_limit").value_or(event.config().f64("limit").value_or(90));
  const double hysteresis = event.config().f64("hysteresis").value_or(0);

  if (!state.is_hot && *temperature > limit) {
    state.is_hot = 1;
    state.times += 1;
    effects.alert("overheat", *temperature);
    effects.set("overheated", true);
  } else if (state.is_hot && *temperature < limit - hysteresis) {
    state.is_hot = 0;
    effects.clear("overheat");
    effects.set("overheated", false);
  }
}

DOPPEL_FUNCTION(State, on_event)

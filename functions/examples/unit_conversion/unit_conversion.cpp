// Gives twins that report degrees Fahrenheit a property in degrees Celsius. The two numbers are configuration, so that the
// same module converts other units too.
#include <doppel/function.hpp>

void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects& effects) {
  const auto value = event.f64("temperature_f");
  if (!value) return;
  const double offset = event.config().f64("offset").value_or(0);
  const double factor = event.config().f64("factor").value_or(1);
  effects.set("temperature_c", (*value + offset) * factor);
}

DOPPEL_FUNCTION(doppel::NoState, on_event)

// Makes NaNs in several ways and reports their bits, which must be the same on every processor.
#include <doppel/function.hpp>

namespace {

long long bits_of(double number) {
  long long bits;
  __builtin_memcpy(&bits, &number, sizeof bits);
  return bits;
}

}  // namespace

void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects& effects) {
  const double zero = event.f64("value").value_or(0);
  const double infinity = 1.0 / zero;
  effects.set("0/0", bits_of(zero / zero));
  effects.set("-0/0", bits_of(-zero / zero));
  effects.set("inf-inf", bits_of(infinity - infinity));
  effects.set("sqrt(-1)", bits_of(__builtin_sqrt(zero - 1)));
}

DOPPEL_FUNCTION(doppel::NoState, on_event)

// Never comes to an end by itself: every row costs all of its fuel, until it is quarantined.
#include <doppel/function.hpp>

struct State {
  int64_t turns;
};

void on_event(const doppel::Event&, State& state, doppel::Effects&) {
  for (volatile bool for_ever = true; for_ever;) state.turns += 1;
}

DOPPEL_FUNCTION(State, on_event)

// Fills as much memory as its event says, with one instruction.
#include <doppel/function.hpp>

alignas(8) static unsigned char block[256 * 1024];

void on_event(const doppel::Event& event, doppel::NoState&, doppel::Effects& effects) {
  const auto size = static_cast<size_t>(event.f64("value").value_or(0));
  __builtin_memset(block, 1, size);
  effects.set("first", static_cast<uint32_t>(block[0]));
}

DOPPEL_FUNCTION(doppel::NoState, on_event)

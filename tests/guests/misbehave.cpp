// Does what the topic of its event says, so that every limit can be met.
#include <doppel/function.hpp>

namespace {

int deep(int depth) {
  volatile int here = depth;
  return depth == 0x7fffffff ? 0 : deep(here + 1) + here;
}

// Frames without a shadow stack: only the machine's stack is used up.
__attribute__((noinline)) uint64_t deeper(uint64_t depth) { return depth == ~0ull ? 0 : deeper(depth + 1) * 31 + depth; }

void spin() {
  volatile uint32_t turns = 0;
  for (;;) turns = turns + 1;
}

int divide_by_zero() {
  volatile int zero = 0;
  return 1000 / zero;
}

void grow() {
  while (doppel::detail::grow_heap(65536)) {
  }
  __builtin_trap();
}

void write_much(doppel::Effects& effects) {
  for (int i = 0; i < 10'000; ++i) effects.set("some property", 1.0 * i);
}

}  // namespace

struct State {
  uint64_t touched;
};

void on_event(const doppel::Event& event, State& state, doppel::Effects& effects) {
  state.touched += 1;
  const doppel::Text wanted = event.topic();
  if (wanted == "spin") spin();
  if (wanted == "trap") __builtin_trap();
  if (wanted == "divide") effects.set("x", divide_by_zero());
  if (wanted == "outside") *reinterpret_cast<volatile char*>(0x7fffffff) = 1;
  if (wanted == "recurse") state.touched += deeper(state.touched);
  if (wanted == "shadow stack") state.touched += deep(1);
  if (wanted == "grow") grow();
  if (wanted == "much output") write_much(effects);
  if (wanted == "endless output") {
    for (;;) write_much(effects);
  }
  if (wanted == "wrong topic") effects.publish("a/#", 1);
  if (wanted == "bad text") effects.set("x", doppel::Text("\xff", 1));
  if (wanted == "undeclared column") effects.set("x", event.f64("undeclared").value_or(0));
  if (wanted == "log") {
    for (int i = 0; i < 1000; ++i) doppel_log(2, "line", 4);
  }
  if (wanted == "log outside") doppel_log(2, reinterpret_cast<const char*>(0xfffffff0), 0xffffffff);
  effects.set("done", true);
}

DOPPEL_FUNCTION(State, on_event)

// The C++ SDK of doppel functions: include this, write one function over an event, and register it.
//
//     struct State { double mean; uint32_t count; };
//     void on_event(const doppel::Event& event, State& state, doppel::Effects& effects);
//     DOPPEL_FUNCTION(State, on_event)
//
// `doppel fn build` compiles it to WebAssembly without a standard library; any C++20 compiler builds it natively.
#pragma once

#include "doppel/effects.hpp"
#include "doppel/event.hpp"

namespace doppel {

// The state of a function that has none.
struct NoState {};

namespace detail {

template <class State>
inline constexpr uint32_t kStateBytes = sizeof(State);
template <>
inline constexpr uint32_t kStateBytes<NoState> = 0;

// `doppel fn build` says how many bytes function.toml asks for; a mistake is then seen before the first event.
template <uint32_t size_of_state, uint32_t state_bytes>
struct StateIsAsLargeAsTheManifestSays {
  static_assert(size_of_state == state_bytes, "sizeof(State) is not state_bytes of function.toml");
};

// `State` lies in the run itself: what is written to it is what the host takes back.
template <class State>
State& state_of(const Run& run, uint32_t event) {
  const auto* events = run.at<const doppel_event_row>(run.header().events_offset);
  const auto* twins = run.at<const doppel_twin_row>(run.header().twins_offset);
  return *run.at<State>(twins[events[event].twin].state_offset);
}

template <class State, void (*on_event)(const Event&, State&, Effects&)>
uintptr_t run_events(uintptr_t address) {
  static_assert(__is_trivially_copyable(State), "state is kept as bytes: no pointers, no destructors");
  static_assert(alignof(State) <= 8);
  Run run(address);
  if (run.header().state_bytes != kStateBytes<State>) give_up("sizeof(State) is not state_bytes of function.toml", {});
  volatile uint32_t& progress = run.header().progress;  // must be in memory when this event fails
  // Nobody sees through this pointer: inlined, the function would be missing from the backtrace of a trap.
  auto call = on_event;
  asm volatile("" : "+r"(call));
  Effects effects;
  for (uint32_t i = 0; i < run.header().event_count; ++i) {
    progress = i;
    effects.begin_event(i);
    call(Event(run, i), state_of<State>(run, i), effects);
  }
  return effects.finish();
}

}  // namespace detail
}  // namespace doppel

#ifdef DOPPEL_STATE_BYTES
#define DOPPEL_CHECK_STATE_BYTES(State) \
  template struct doppel::detail::StateIsAsLargeAsTheManifestSays<doppel::detail::kStateBytes<State>, DOPPEL_STATE_BYTES>;
#else
#define DOPPEL_CHECK_STATE_BYTES(State)
#endif

// Makes `on_event` the function of this module: void on_event(const doppel::Event&, State&, doppel::Effects&).
#define DOPPEL_FUNCTION(State, on_event)                                                  \
  DOPPEL_CHECK_STATE_BYTES(State)                                                         \
  DOPPEL_EXPORT("doppel_abi_version") int32_t doppel_abi_version() { return 1; }          \
  DOPPEL_EXPORT("doppel_arena") uintptr_t doppel_arena(uint32_t size) {                   \
    doppel::detail::heap.reset();                                                         \
    return doppel::detail::heap.take(size);                                               \
  }                                                                                       \
  DOPPEL_EXPORT("doppel_run") uintptr_t doppel_run(uintptr_t run, uint32_t) {             \
    return doppel::detail::run_events<State, on_event>(run);                              \
  }

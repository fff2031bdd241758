// Virtual time and the events that happen in it, in one thread. What a run does depends on its seed alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/simulation/random.h"
#include "twin_store/model/time.h"

namespace doppel::simulation {

// A promise of the design that a run has broken. Ends the run.
struct Broken : std::runtime_error {
  Broken(std::string which, const std::string& what) : std::runtime_error(which + ": " + what), promise(std::move(which)) {}
  std::string promise;
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  Random& random() { return random_; }
  Duration now() const { return now_; }

  void at(Duration when, std::function<void()> event) { events_.emplace(std::pair{std::max(when, now_), ++numbers_}, std::move(event)); }
  void after(Duration delay, std::function<void()> event) { at(now_ + delay, std::move(event)); }
  // Does what is due up to `until`, in order, and moves the time there. May be called from within an event: who sleeps lets the others run.
  void run_until(Duration until);

  bool traces = false;
  template <class... Parts>
  void trace(const std::string& who, const Parts&... parts) {
    if (traces) write_trace(who, {text(parts)...});
  }

 private:
  static std::string text(const std::string& part) { return part; }
  static std::string text(const char* part) { return part; }
  static std::string text(std::uint64_t number) { return std::to_string(number); }
  void write_trace(const std::string& who, std::initializer_list<std::string> parts) const;

  Random random_;
  Duration now_{0};
  std::uint64_t numbers_ = 0;
  std::map<std::pair<Duration, std::uint64_t>, std::function<void()>> events_;  // of equal times, in the order they were asked for
};

// The clocks of one node. They belong to the machine, and outlive its processes.
class NodeClock final : public Clock {
 public:
  NodeClock(const World& world, Timestamp start) : world_(world), wall_(start - world.now()) {}
  Timestamp wall() const override { return wall_ + world_.now(); }
  Duration monotonic() const override { return world_.now() - booted_; }
  void step_wall(Duration by) { wall_ += by; }
  void reboot() { booted_ = world_.now(); }
  Duration to_world(Duration monotonic_time) const { return monotonic_time + booted_; }

 private:
  const World& world_;
  Timestamp wall_;
  Duration booted_{0};
};

}  // namespace doppel::simulation

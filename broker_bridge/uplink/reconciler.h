// Brings an edge's functions to what the fleet wants of it: logic only. It touches functions that came from the fleet and no
// others; where a function of the same name was deployed at the edge itself, the wanted one is refused by name.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "broker_bridge/uplink/messages.h"
#include "twin_store/model/result.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

// A function that is active at the edge now.
struct ActiveFunction {
  std::string name;
  std::string version;   // of its manifest
  std::string manifest;
  std::string module_sha256;
  bool from_fleet = false;
  std::string condition = "active";  // or "quarantined", "unavailable"
  std::string reason;                // of being unavailable
  bool is_unavailable() const { return condition == "unavailable"; }
  bool operator==(const ActiveFunction&) const = default;
};

namespace reconcile_input {
struct Tick {};
struct Wanted { Desired desired; };                             // takes the place of every earlier one
struct Active { std::vector<ActiveFunction> functions; };       // all of them, whenever that changed
struct Fetched { std::string sha256; Result<void> outcome; };   // the module is on disk here, or why it is not
struct Validated { std::string name, module_sha256; Result<void> outcome; };
struct Journaled { std::string name; Result<void> outcome; };   // of Activate and Remove: the record is appended; Active follows
}  // namespace reconcile_input
using ReconcileInput = std::variant<reconcile_input::Tick, reconcile_input::Wanted, reconcile_input::Active,
                                    reconcile_input::Fetched, reconcile_input::Validated, reconcile_input::Journaled>;

namespace reconcile_action {
struct Fetch { std::string sha256; };           // then Fetched, at once if the module is here
struct Forget { std::string sha256; };          // not wanted any more
struct Validate { DesiredFunction function; std::size_t others; };  // that are active, or about to be; then Validated
struct Activate { DesiredFunction function; };  // then Journaled
struct Remove { std::string name; };            // then Journaled
}  // namespace reconcile_action
using ReconcileAction = std::variant<reconcile_action::Fetch, reconcile_action::Forget, reconcile_action::Validate,
                                     reconcile_action::Activate, reconcile_action::Remove>;

class Reconciler {
 public:
  // A function that is unavailable is brought here anew, as if it were not. Failures that may pass (a module that did not come) are tried again after this long; activations that the edge's fold did not
  // follow, which it says in its dead letters, after ever longer.
  explicit Reconciler(Duration retry = std::chrono::seconds(30)) : retry_(retry) {}

  void step(Duration now, ReconcileInput input, std::vector<ReconcileAction>& actions);
  // When a Tick is wanted if nothing else comes in before; nothing: never.
  std::optional<Duration> next_step() const;

  // For the coordinator: all active functions, and what stands in the way of the wanted ones.
  Status status() const;

 private:
  enum class Stage : std::uint8_t { fetching, validating, activating, done, removing, refused };
  struct Work {
    DesiredFunction wanted;
    Stage stage = Stage::fetching;
    std::string reason = {};           // of a refusal
    std::optional<Duration> retry_at = {};
    bool is_conflict = false;         // refused for a local function of the same name
    int activations = 0;              // journaled, and not followed by Active
  };

  void handle(reconcile_input::Tick& input);
  void handle(reconcile_input::Wanted& input);
  void handle(reconcile_input::Active& input);
  void handle(reconcile_input::Fetched& input);
  void handle(reconcile_input::Validated& input);
  void handle(reconcile_input::Journaled& input);

  void compare();
  void begin(const DesiredFunction& wanted);
  void start(Work& work, const DesiredFunction& wanted);
  std::set<std::string> fetching() const;
  void wait_for_active(Work& work);
  void fail(Work& work, const Error& error);
  const ActiveFunction* active(const std::string& name) const;
  std::size_t others(const std::string& name) const;
  void act(ReconcileAction action) { actions_->push_back(std::move(action)); }

  Duration retry_;
  std::optional<Desired> desired_;  // nothing: the fleet has not spoken, so nothing of it is removed
  std::map<std::string, ActiveFunction> active_;
  bool knows_active_ = false;
  std::map<std::string, Work> work_;  // by name: every wanted function, and those to be removed

  // Of the present step.
  Duration now_{0};
  std::vector<ReconcileAction>* actions_ = nullptr;
};

}  // namespace doppel::uplink

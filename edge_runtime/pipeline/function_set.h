// The functions that are active, in the order of their names: which events each wants, and the state it keeps for each twin.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "edge_runtime/pipeline/twin_table.h"
#include "functions/abi/activation.h"
#include "functions/abi/run.h"
#include "twin_store/model/time.h"
#include "twin_store/store/store.h"

namespace doppel {

// Fold state: the same in every replay under the same borders.
struct FunctionMeters {
  std::uint64_t events = 0;   // handed to the function
  std::uint64_t runs = 0;
  std::uint64_t errors = 0;   // events that went to the dead letters
  std::uint64_t effects = 0;  // applied
  std::uint64_t denied = 0;   // effects that no grant covers
  std::uint64_t fuel = 0;
  std::uint64_t unsupported = 0;  // effects of a kind that this program does not perform
  std::uint64_t mismatched = 0;   // effects whose value is not what their target takes
};

// Fuel that failing runs have burnt: fold state. Lane time takes off as much in a minute as may be burnt.
struct FailureFuel {
  std::uint64_t burnt = 0;
  Timestamp as_of;  // lane time

  // True when more is burnt than `a_minute`.
  bool burn(std::uint64_t fuel, std::uint64_t a_minute, Timestamp lane_time);
};

struct ActiveFunction {
  ActiveFunction(Activation active, Manifest described) : activation(std::move(active)), manifest(std::move(described)), builder(manifest) {}

  Activation activation;
  Manifest manifest;
  std::string version;  // SHA-256 of manifest and module
  Position active_since = Position::none;
  std::unique_ptr<Runner> runner;  // nothing while its module cannot be loaded
  std::string load_failure;        // why; of this process
  RunBuilder builder;
  std::vector<Name> columns;  // of manifest.reads
  FunctionMeters meters;
  FailureFuel failure_fuel;
  bool quarantined = false;
  std::string unavailable;  // why its module could not be loaded when an event came, as was decided; "": it could be
  struct State {
    std::string block;
    bool dirty = false;
  };
  std::unordered_map<TwinIndex, State> states;
  std::vector<TwinIndex> dirty_states;  // each once
  bool dirty = false;

  const std::string& name() const { return manifest.name.text(); }
  // It does not run, and its events are held.
  bool is_held() const { return quarantined || !unavailable.empty(); }
  // "active", "quarantined" or "unavailable": as a person is told. The same word names the alert on its twin.
  std::string_view condition() const;
  // Why it is unavailable; "" when it is not.
  const std::string& why_unavailable() const { return unavailable.empty() ? load_failure : unavailable; }
  // Empty when the twin has none yet.
  std::string_view state(TwinIndex twin) const;
};

// Why one more is refused.
std::string too_many_functions(std::uint64_t there_are, std::uint64_t most);

// Thread: the lane's.
class FunctionSet {
 public:
  static constexpr std::string_view kTable = "function", kStateTable = "function_state";
  using Number = std::uint32_t;  // in the order of the names

  FunctionSet(RunnerLoader& loader, NameTable& names, TwinTable& twins) : loader_(loader), names_(names), twins_(twins) {}

  // A function whose module cannot be loaded is there nevertheless, without a runner.
  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);
  std::size_t dirty_bytes() const { return dirty_bytes_; }

  // Errors say why a version cannot take over; the one before it stays. unavailable: its module cannot be loaded, which another
  // machine might do. One that took over when this was run before does so again, without a runner where it must.
  Result<void> activate(const std::string& name, const Activation& activation, Position position, bool took_over_before);
  // Of new ones; functions there are stay.
  void set_limit(std::uint64_t most) { most_ = most; }
  // State and meters go with it.
  bool remove(const std::string& name);

  Number size() const { return static_cast<Number>(functions_.size()); }
  ActiveFunction& operator[](Number i) { return *functions_[i]; }
  const ActiveFunction& operator[](Number i) const { return *functions_[i]; }
  std::optional<Number> find(std::string_view name) const;

  // The functions whose topic filters match. Remembered for each topic, in bounds. Valid until the set changes.
  const std::vector<Number>& for_topic(std::string_view topic, std::uint64_t topic_hash);
  std::vector<Number> for_emitted(std::string_view event_name) const;
  std::vector<Number> for_change(std::string_view property) const;
  // Grows whenever a function comes, changes, goes, or is in another condition; of this process.
  std::uint64_t generation() const { return generation_; }
  bool wants_changes() const { return wants_changes_; }
  bool empty() const { return functions_.empty(); }

  // True when a function reads a property of its twin that a function writes, or that `is_reported` says the events at hand
  // report: then each event must see what the one before it left.
  template <class IsReported>
  bool needs_rounds(const IsReported& is_reported) const {
    for (const Name name : twin_reads_) {
      if (is_reported(name)) return true;
    }
    return reads_what_is_written_;
  }

  void mark_dirty(Number number) { functions_[number]->dirty = true; }
  // To be called when a function has begun or ceased to hold its events.
  void condition_changed(Number number);
  void set_state(Number number, TwinIndex twin, std::string_view block);

 private:
  struct Routed {
    std::string topic;
    std::vector<Number> functions;
  };
  static constexpr std::size_t kRoutedTopics = 65'536;
  static constexpr std::size_t kRoutedBytes = 256;  // longer topics are matched each time

  std::vector<Number> matching(std::string_view topic) const;
  Result<std::unique_ptr<ActiveFunction>> make(const std::string& name, const Activation& activation);
  void load_runner(ActiveFunction& function);
  void drop_states(ActiveFunction& function);
  void changed();

  RunnerLoader& loader_;
  NameTable& names_;
  TwinTable& twins_;
  std::uint64_t most_ = UINT64_MAX;
  std::vector<std::unique_ptr<ActiveFunction>> functions_;
  std::unordered_map<std::uint64_t, Routed> routed_;
  std::vector<Number> for_long_topic_;
  std::uint64_t generation_ = 0;
  bool wants_changes_ = false;
  bool reads_what_is_written_ = false;
  std::vector<Name> twin_reads_;
  std::vector<std::pair<std::string_view, std::string>> deleted_;  // table, key
  std::size_t dirty_bytes_ = 0;
};

}  // namespace doppel

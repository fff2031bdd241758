// Runs one function over the items of a wave that want it: in as few runs as its limits allow, and apart where one fails.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/pipeline/function_set.h"
#include "edge_runtime/pipeline/wave.h"
#include "twin_store/lane/fold.h"
#include "twin_store/model/arena.h"
#include "twin_store/model/effect.h"

namespace doppel {

struct ProducedEffect {
  std::uint32_t item = 0;
  FunctionSet::Number function = 0;
  std::uint32_t index = 0;  // among the effects of this item and function
  Effect effect;            // views point into the arena
};

struct FailedEvent {
  std::uint32_t item = 0;
  FunctionSet::Number function = 0;
  std::string reason;  // a fixed word
  std::string detail;
};

// An event that its function does not get now.
struct WithheldEvent {
  std::uint32_t item = 0;
  FunctionSet::Number function = 0;
};

struct FunctionLogLine {
  FunctionSet::Number function = 0;
  std::uint32_t item = 0;  // the first of its run
  LogLine line;
};

// What a series of runs gave. Cleared and reused by the caller.
struct RunReport {
  std::vector<ProducedEffect> effects;  // for each function in the order of the items
  std::vector<FailedEvent> failures;
  std::vector<WithheldEvent> withheld;
  std::vector<FunctionSet::Number> stopped;  // from now on they hold their events
  std::vector<FunctionLogLine> log;
  std::vector<Decision> decisions;
  void clear() { effects.clear(), failures.clear(), withheld.clear(), stopped.clear(), log.clear(), decisions.clear(); }
};

// Durations in buckets of powers of two of a microsecond's quarter: cheap to add to, good to a factor of two.
class DurationHistogram {
 public:
  void add(Duration duration);
  double quantile_us(double q) const;  // upper border of its bucket; 0 without any

 private:
  std::array<std::uint64_t, 40> counts_{};
  std::uint64_t total_ = 0;
};

// Time spent, beside the fold: it is never the same twice.
struct RunTimes {
  DurationHistogram start_histogram, run_histogram;
};

// Where a series of runs belongs. With the number of a run in the series it identifies that run within its batch, the same in
// every replay.
struct RunPlace {
  const Wave& wave;
  std::uint32_t wave_of_batch = 0;
  std::uint32_t round = 0;
  std::span<const Decision> obey;  // taken when the batch was first run
  Arena& arena;                    // effects are copied into it
  Timestamp lane_time;
  std::uint64_t failure_fuel;      // that failing runs of a function may burn in a minute
};

// The value as a column of that type holds it; nothing when that would lose.
std::optional<ValueView> converted(const ValueView& value, ValueKind type);

// Thread: the lane's.
class FunctionRuns {
 public:
  FunctionRuns(FunctionSet& functions, TwinTable& twins) : functions_(functions), twins_(twins) {}

  // `items` are indexes into the wave, in order. A function whose failing runs burn too much is quarantined: what is left of its
  // items is withheld; all are where its module cannot be loaded. That, and a run that failed on its host, and not by its input,
  // becomes a decision; what was decided is not tried.
  void run(FunctionSet::Number function, std::span<const std::uint32_t> items, const RunPlace& place, RunReport& report);

  const RunTimes& times(const std::string& function_name) { return times_[function_name]; }
  void forget(const std::string& function_name) { times_.erase(function_name); }

 private:
  // The call at work.
  struct Call {
    FunctionSet::Number number;
    ActiveFunction& function;
    const RunPlace& place;
    const Wave& wave;
    RunReport& report;
    std::uint32_t& runs;  // of this call so far
  };

  static void check_loaded(const Call& call, std::uint32_t first_item);
  void make_run(const Call& call, std::span<const std::uint32_t> items);
  bool obey(const Call& call, const std::string& run_name);
  bool attempt(const Call& call, std::span<const std::uint32_t> items, bool trust_progress);
  std::size_t build(const Call& call, std::span<const std::uint32_t> items);
  void add_event(const Call& call, std::uint32_t item);
  ValueView column(const Call& call, const WaveItem& item, std::size_t column) const;
  void accept(const Call& call, std::span<const std::uint32_t> items);
  void fail(const Call& call, std::uint32_t item);
  static void withhold(const Call& call, std::span<const std::uint32_t> items);

  FunctionSet& functions_;
  TwinTable& twins_;
  RunResult result_;
  std::uint64_t run_number_ = 0;
  std::vector<ValueView> columns_;
  std::vector<TwinIndex> twins_in_run_;
  std::map<std::string, RunTimes> times_;
};

}  // namespace doppel

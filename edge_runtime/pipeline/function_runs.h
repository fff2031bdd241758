// Runs one function over the items of a wave that want it: in as few runs as its limits allow, and apart where one fails.
#pragma once

#include <array>
#include <cstdint>
#include <map>
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

struct FunctionLogLine {
  FunctionSet::Number function = 0;
  std::uint32_t item = 0;  // the first of its run
  LogLine line;
};

// What a series of runs gave. Cleared and reused by the caller.
struct RunReport {
  std::vector<ProducedEffect> effects;  // for each function in the order of the items
  std::vector<FailedEvent> failures;
  std::vector<FunctionLogLine> log;
  std::vector<Decision> decisions;
  void clear() { effects.clear(), failures.clear(), log.clear(), decisions.clear(); }
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

// Thread: the lane's.
class FunctionRuns {
 public:
  FunctionRuns(FunctionSet& functions, TwinTable& twins) : functions_(functions), twins_(twins) {}

  // `items` are indexes into the wave, in order. Decisions taken before are obeyed: their events fail without a run.
  void run(FunctionSet::Number function, std::span<const std::uint32_t> items, const Wave& wave, std::span<const Decision> obey,
           Arena& arena, RunReport& report);

  const RunTimes& times(const std::string& function_name) { return times_[function_name]; }

 private:
  // The call at work.
  struct Call {
    FunctionSet::Number number;
    ActiveFunction& function;
    const Wave& wave;
    Arena& arena;
    RunReport& report;
  };

  bool attempt(const Call& call, std::span<const std::uint32_t> items, bool trust_progress);
  std::size_t build(const Call& call, std::span<const std::uint32_t> items);
  void add_event(const Call& call, std::uint32_t item);
  ValueView column(const Call& call, const WaveItem& item, std::size_t column) const;
  void accept(const Call& call, std::span<const std::uint32_t> items);
  void fail(const Call& call, std::uint32_t item);

  FunctionSet& functions_;
  TwinTable& twins_;
  RunResult result_;
  std::uint32_t run_number_ = 0;
  std::vector<ValueView> columns_;
  std::vector<TwinIndex> twins_in_run_;
  std::map<std::string, RunTimes> times_;
};

}  // namespace doppel

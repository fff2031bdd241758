// One run of a function, as the host sees it: bytes in, outcome and bytes out. `functions/abi/abi_1.md` gives the layout.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "functions/abi/manifest.h"
#include "twin_store/model/effect.h"
#include "twin_store/model/ids.h"
#include "twin_store/model/time.h"
#include "twin_store/model/value.h"

namespace doppel {

// The numbers are part of ABI 1.
enum class TriggerKind : std::uint8_t {
  topic = 0, http = 1, timer = 2, queue = 3, twin_change = 4, alarm = 5, emitted = 6, effect_result = 7,
};

struct RunEvent {
  Timestamp time;      // event time
  Timestamp arrival;
  Position position = Position::none;
  std::uint64_t seed = 0;
  TriggerKind trigger = TriggerKind::topic;
  std::uint32_t twin = 0;  // index given by RunBuilder::add_twin
  std::string_view topic;  // or the name of the alarm, event or property that triggered
  std::string_view payload;  // used when the manifest wants it
};

// Builds the input of one run after another in one buffer that it keeps.
class RunBuilder {
 public:
  explicit RunBuilder(const Manifest& manifest);
  ~RunBuilder();

  void begin();
  // `state` is exactly manifest.state_bytes long, or empty for zeroes. Returns the twin's index.
  std::uint32_t add_twin(std::string_view id, std::string_view state);
  // `columns`: one value for each of manifest.reads, of that type or null for absent. Returns the event's index.
  std::uint32_t add_event(const RunEvent& event, std::span<const ValueView> columns);
  std::uint32_t event_count() const;
  // Size of the input if it were finished now.
  std::size_t size() const;
  // The input; valid until begin(). The runner writes state blocks and the progress word back into it.
  std::span<char> finish();
  // After a successful run: the block of a twin as the function left it.
  std::string_view state(std::uint32_t twin) const;

 private:
  struct Layout;
  std::unique_ptr<Layout> layout_;
};

// Bounds-checks the whole list before anything is used. Views point into `bytes`.
Result<std::vector<Effect>> decode_effects(std::string_view bytes, std::uint32_t event_count);
// The same into a vector that the caller reuses; on an error its content means nothing.
Result<void> decode_effects_into(std::string_view bytes, std::uint32_t event_count, std::vector<Effect>& effects);

enum class RunOutcome : std::uint8_t {
  ok, trap, exceeded_fuel, exceeded_memory, exceeded_output, bad_effects,
  host_failure,  // not the same everywhere (stack overflow, failed allocation): must become a Decision
};
std::string_view to_string(RunOutcome outcome);

struct LogLine {
  std::uint8_t level = 0;
  std::string text;
};

struct RunResult {
  RunOutcome outcome = RunOutcome::ok;
  std::string reason;         // empty when ok
  std::string backtrace;      // frames, one a line; empty when ok
  std::uint32_t progress = 0; // index of the event at work when it failed
  std::uint64_t fuel = 0;     // spent by _initialize, doppel_arena and doppel_run
  std::uint32_t memory_bytes = 0;
  Duration start{0};          // instantiating and copying in
  Duration run{0};
  std::string effects;        // the encoded list; empty: none. When ok, decode_effects takes it
  std::vector<Effect> decoded;  // what decode_effects makes of it; views point into `effects`
  std::vector<LogLine> log;
};

// A loaded version of a function. Thread: the lane's.
class Runner {
 public:
  virtual ~Runner() = default;
  // A fresh instance each time. Fills `result`, which the caller reuses; on success copies state blocks back into `input`.
  virtual void run(std::span<char> input, RunResult& result) = 0;
};

// Thread: the lane's. Loads what was validated and compiled before its activation was journaled.
class RunnerLoader {
 public:
  virtual ~RunnerLoader() = default;
  virtual Result<std::unique_ptr<Runner>> load(const std::string& module_sha256, const Manifest& manifest) = 0;
  // What decides results and fuel beside the module; part of a fold version.
  virtual std::string version() const = 0;
};

}  // namespace doppel

#include "edge_runtime/wasm/execution.h"

#include <wasmtime.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <optional>

#include "edge_runtime/wasm/guest_memory.h"
#include "edge_runtime/wasm/memory_plan.h"
#include "edge_runtime/wasm/trap.h"
#include "functions/abi/doppel_abi.h"

namespace doppel::wasm {
namespace {

constexpr std::uint64_t kPageBytes = 64u << 10;
// Instantiating burns fuel, and how much depends on the host: it gets plenty, and the run its exact amount afterwards.
constexpr std::uint64_t kFuelToInstantiate = 1ull << 40;

using SteadyClock = std::chrono::steady_clock;

// An instance that lives for one run. Every call may fail for good; then only memory and fuel may be asked for.
class Instance {
 public:
  Instance(const LoadedModule& module, const FunctionLimits& limits, std::vector<LogLine>& log)
      : module_(module),
        limits_(limits),
        store_(wasmtime_store_new(module.engine, &log, nullptr)),
        context_(wasmtime_store_context(store_.get())) {
    wasmtime_store_limiter(store_.get(), limits.memory_bytes, kMaxTableElements, 1, 1, 1);
  }

  std::optional<Failure> instantiate() {
    set_fuel(kFuelToInstantiate);
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* error = wasmtime_instance_pre_instantiate(module_.prepared.get(), context_, &instance_, &trap);
    if (error != nullptr || trap != nullptr) return describe(error, trap, limits_);
    memory_ = exported("memory").of.memory;
    set_fuel(limits_.fuel);
    is_live_ = true;
    if (!module_.has_initialize) return std::nullopt;
    wasmtime_val_raw_t none[1];
    return call("_initialize", none, 0);
  }

  // Arguments go in, and the result comes back in the first of `values`.
  std::optional<Failure> call(std::string_view name, wasmtime_val_raw_t* values, std::size_t count) {
    const wasmtime_func_t function = exported(name).of.func;
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* error = wasmtime_func_call_unchecked(context_, &function, values, count, &trap);
    if (error == nullptr && trap == nullptr) return std::nullopt;
    Failure failure = describe(error, trap, limits_);
    if (failure.outcome == RunOutcome::trap && memory_is_full()) {
      failure.outcome = RunOutcome::exceeded_memory;
      failure.reason += ", with all of " + std::to_string(limits_.memory_bytes) + " bytes of memory in use";
    }
    return failure;
  }

  // Only after instantiate() has succeeded.
  GuestMemory memory() const { return {context_, &memory_}; }

  std::uint64_t memory_bytes() const { return is_live_ ? memory().size() : 0; }

  std::uint64_t fuel_spent() const {
    if (!is_live_) return 0;
    std::uint64_t left = 0;
    take_message(wasmtime_context_get_fuel(context_, &left));
    return limits_.fuel - std::min(left, limits_.fuel);
  }

 private:
  // A guest that is refused memory mostly traps for want of a better word; this tells it from other traps.
  bool memory_is_full() const {
    const std::uint64_t size = memory().size();
    return size > module_.initial_memory_bytes && size + kPageBytes > limits_.memory_bytes;
  }

  void set_fuel(std::uint64_t fuel) { take_message(wasmtime_context_set_fuel(context_, fuel)); }

  // Only names whose presence and type were checked when the module was loaded.
  wasmtime_extern_t exported(std::string_view name) {
    wasmtime_extern_t found{};
    wasmtime_instance_export_get(context_, &instance_, name.data(), name.size(), &found);
    return found;
  }

  const LoadedModule& module_;
  const FunctionLimits& limits_;
  Handle<wasmtime_store> store_;
  wasmtime_context_t* context_;
  wasmtime_instance_t instance_{};
  wasmtime_memory_t memory_{};
  bool is_live_ = false;
};

doppel_run_header header_of(std::span<const char> input) {
  doppel_run_header header;
  assert(input.size() >= sizeof header);
  std::memcpy(&header, input.data(), sizeof header);
  assert(header.magic == DOPPEL_RUN_MAGIC);
  return header;
}

Failure broken_abi(std::string reason) { return {RunOutcome::bad_effects, std::move(reason), {}}; }

// One run, step by step; the first that fails ends it.
class Run {
 public:
  Run(Instance& instance, const FunctionLimits& limits, std::span<char> input, RunResult& result)
      : instance_(instance), limits_(limits), input_(input), header_(header_of(input)), result_(result) {}

  std::optional<Failure> start() {
    if (input_.size() > limits_.memory_bytes / 2) {
      return Failure{RunOutcome::exceeded_memory,
                     "the run has " + std::to_string(input_.size()) + " bytes, half of limits.memory is " +
                         std::to_string(limits_.memory_bytes / 2),
                     {}};
    }
    if (auto failure = instance_.instantiate()) return failure;
    return copy_in();
  }

  std::optional<Failure> finish() {
    wasmtime_val_raw_t values[2];
    values[0].i32 = static_cast<std::int32_t>(address_);
    values[1].i32 = static_cast<std::int32_t>(input_.size());
    if (auto failure = instance_.call("doppel_run", values, 2)) return failure;
    if (auto failure = copy_effects_out(static_cast<std::uint32_t>(values[0].i32))) return failure;
    return copy_state_out();
  }

  // Index of the event at work, as the guest last wrote it; it may have written anything.
  std::uint32_t progress() const {
    if (header_.event_count == 0) return 0;
    return std::min(read_progress(), header_.event_count - 1);
  }

 private:
  std::optional<Failure> copy_in() {
    wasmtime_val_raw_t values[1];
    values[0].i32 = static_cast<std::int32_t>(input_.size());
    if (auto failure = instance_.call("doppel_arena", values, 1)) return failure;
    const auto address = static_cast<std::uint32_t>(values[0].i32);
    if (address == 0) {
      return Failure{
          RunOutcome::exceeded_memory, "doppel_arena has no room for a run of " + std::to_string(input_.size()) + " bytes", {}};
    }
    const auto room = instance_.memory().at(address, input_.size());
    if (!room || address % 8 != 0) {
      return broken_abi("doppel_arena answered " + std::to_string(address) + ", not an 8-aligned address of " +
                        std::to_string(input_.size()) + " bytes in a memory of " + std::to_string(instance_.memory().size()));
    }
    std::memcpy(room->data(), input_.data(), input_.size());
    address_ = address;
    return std::nullopt;
  }

  std::optional<Failure> copy_effects_out(std::uint32_t address) {
    if (address == 0) return std::nullopt;
    if (address == DOPPEL_OUT_OF_MEMORY) return Failure{RunOutcome::exceeded_memory, "doppel_run says that it is out of memory", {}};
    const GuestMemory memory = instance_.memory();
    const auto start = memory.at(address, 1, sizeof(doppel_effects_header));
    if (!start || address % 8 != 0) {
      return broken_abi("doppel_run answered " + std::to_string(address) + ", not an 8-aligned address in a memory of " +
                        std::to_string(memory.size()) + " bytes");
    }
    doppel_effects_header header;
    std::memcpy(&header, start->data(), sizeof header);
    if (header.magic != DOPPEL_EFFECTS_MAGIC) return broken_abi("effects list: it does not begin with DPE1");
    if (header.total_length > limits_.output_bytes) {
      return Failure{RunOutcome::exceeded_output,
                     "the effects have " + std::to_string(header.total_length) + " bytes, limits.output allows " +
                         std::to_string(limits_.output_bytes),
                     {}};
    }
    const auto list = memory.at(address, header.total_length);
    if (!list) {
      return broken_abi("effects list: " + std::to_string(header.total_length) + " bytes at " + std::to_string(address) +
                        " end outside a memory of " + std::to_string(memory.size()));
    }
    result_.effects.assign(list->data(), list->size());
    const auto decoded = decode_effects_into(result_.effects, header_.event_count, result_.decoded);
    if (!decoded) return broken_abi(decoded.error().message);
    return std::nullopt;
  }

  std::optional<Failure> copy_state_out() {
    const auto run = instance_.memory().at(address_, input_.size());
    if (!run) return broken_abi("the run is no longer in memory");  // memory never shrinks
    const std::uint32_t progress = read_progress();
    std::memcpy(input_.data() + offsetof(doppel_run_header, progress), &progress, sizeof progress);
    if (header_.states_offset == 0) return std::nullopt;
    const std::uint64_t size = std::uint64_t{header_.twin_count} * header_.state_stride;
    assert(header_.states_offset + size <= input_.size());
    std::memcpy(input_.data() + header_.states_offset, run->data() + header_.states_offset, size);
    return std::nullopt;
  }

  std::uint32_t read_progress() const {
    std::uint32_t progress = 0;
    if (address_ == 0) return progress;
    const auto run = instance_.memory().at(address_, 1, sizeof(doppel_run_header));
    if (run) std::memcpy(&progress, run->data() + offsetof(doppel_run_header, progress), sizeof progress);
    return progress;
  }

  Instance& instance_;
  const FunctionLimits& limits_;
  std::span<char> input_;
  doppel_run_header header_;
  RunResult& result_;
  std::uint32_t address_ = 0;  // of the input in guest memory; 0 before it is there
};

void clear(RunResult& result) {
  result.outcome = RunOutcome::ok;
  result.reason.clear();
  result.backtrace.clear();
  result.progress = 0;
  result.effects.clear();
  result.decoded.clear();
  result.log.clear();
}

void fail(RunResult& result, Failure&& failure) {
  result.outcome = failure.outcome;
  result.reason = std::move(failure.reason);
  result.backtrace = std::move(failure.backtrace);
  result.effects.clear();
  result.decoded.clear();
}

}  // namespace

void execute(const LoadedModule& module, const FunctionLimits& limits, std::span<char> input, RunResult& result) {
  clear(result);
  const auto begun = SteadyClock::now();
  Instance instance(module, limits, result.log);
  Run run(instance, limits, input, result);
  auto failure = run.start();
  const auto started = SteadyClock::now();
  if (!failure) failure = run.finish();
  result.start = started - begun;
  result.run = SteadyClock::now() - started;
  result.fuel = instance.fuel_spent();
  result.memory_bytes = static_cast<std::uint32_t>(instance.memory_bytes());
  if (!failure) return;
  result.progress = run.progress();
  fail(result, std::move(*failure));
}

Result<std::uint32_t> ask_abi_version(const LoadedModule& module, const FunctionLimits& limits) {
  std::vector<LogLine> log;
  Instance instance(module, limits, log);
  wasmtime_val_raw_t values[1];
  auto failure = instance.instantiate();
  if (!failure) failure = instance.call("doppel_abi_version", values, 1);
  if (failure) return invalid_input("module: it cannot be started to ask its doppel_abi_version: " + failure->reason);
  return static_cast<std::uint32_t>(values[0].i32);
}

}  // namespace doppel::wasm

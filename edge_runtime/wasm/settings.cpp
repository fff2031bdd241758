#include "edge_runtime/wasm/settings.h"

#include <wasmtime.h>

#include <fstream>

namespace doppel::wasm {
namespace {

// Grows by one with every change below that could change what a function does or burns.
constexpr int kSettingsRevision = 1;

void set_language(wasm_config_t* config) {
  wasmtime_config_wasm_memory64_set(config, false);
  wasmtime_config_wasm_multi_memory_set(config, false);
  wasmtime_config_wasm_relaxed_simd_set(config, false);  // its results depend on the processor
  wasmtime_config_shared_memory_set(config, false);
  wasmtime_config_wasm_gc_set(config, false);
  wasmtime_config_wasm_function_references_set(config, false);
  wasmtime_config_wasm_exceptions_set(config, false);
  wasmtime_config_wasm_stack_switching_set(config, false);
  wasmtime_config_wasm_custom_page_sizes_set(config, false);
  wasmtime_config_wasm_wide_arithmetic_set(config, false);
}

void set_execution(wasm_config_t* config) {
  wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_CRANELIFT);
  wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
  wasmtime_config_cranelift_nan_canonicalization_set(config, true);
  wasmtime_config_consume_fuel_set(config, true);
  wasmtime_config_epoch_interruption_set(config, false);
  wasmtime_config_max_wasm_stack_set(config, kStackBytes);
  wasmtime_config_native_unwind_info_set(config, false);
}

void set_memory(wasm_config_t* config, const MemoryPlan& plan) {
  wasmtime_config_memory_may_move_set(config, false);
  wasmtime_config_memory_reservation_set(config, plan.reservation);
  wasmtime_config_memory_guard_size_set(config, plan.guard);
  wasmtime_config_memory_reservation_for_growth_set(config, 0);
}

void set_pool(wasm_config_t* config, std::uint32_t slots) {
  constexpr std::size_t kKeptResident = 64u << 10;  // of memory and of a table: zeroed by hand, cheaper than a system call
  wasmtime_pooling_allocation_config_t* pool = wasmtime_pooling_allocation_config_new();
  wasmtime_pooling_allocation_config_total_core_instances_set(pool, slots);
  wasmtime_pooling_allocation_config_total_memories_set(pool, slots);
  wasmtime_pooling_allocation_config_total_tables_set(pool, slots);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool, kMaxMemoryBytes);
  wasmtime_pooling_allocation_config_table_elements_set(pool, kMaxTableElements);
  wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, slots / 2);
  wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, kKeptResident);
  wasmtime_pooling_allocation_config_table_keep_resident_set(pool, kKeptResident);
  wasmtime_pooling_allocation_strategy_set(config, pool);
  wasmtime_pooling_allocation_config_delete(pool);
}

// The line of the processor's features, as the kernel lists them.
std::string processor_features() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("flags") || line.starts_with("Features")) return line;
  }
  return {};
}

}  // namespace

Handle<wasm_engine_t> make_engine(const MemoryPlan& plan, EngineUse use) {
  wasm_config_t* config = wasm_config_new();
  set_language(config);
  set_execution(config);
  set_memory(config, plan);
  if (use == EngineUse::run && plan.slots > 0) set_pool(config, plan.slots);
  return Handle<wasm_engine_t>(wasm_engine_new_with_config(config));
}

std::string engine_version() { return "wasmtime " WASMTIME_VERSION ", settings " + std::to_string(kSettingsRevision); }

std::string code_fingerprint(const MemoryPlan& plan) {
  return engine_version() + ", reservation " + std::to_string(plan.reservation) + ", guard " + std::to_string(plan.guard) + ", " +
         processor_features();
}

}  // namespace doppel::wasm

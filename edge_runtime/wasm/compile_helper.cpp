#include "edge_runtime/wasm/compile_helper.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wasmtime.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "edge_runtime/wasm/handles.h"
#include "edge_runtime/wasm/settings.h"
#include "twin_store/model/result.h"

namespace doppel {
namespace {

constexpr rlim_t kMaxSeconds = 60;
constexpr rlim_t kMaxExtraMemory = 2ull << 30;

// Compiling never takes the processor or the last memory from the lanes. Memory is limited from where the process stands, since
// sanitizers map terabytes before main.
void limit_resources() {
  std::ofstream("/proc/self/oom_score_adj") << 1000;
  (void)::nice(10);
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  const rlim_t memory = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + kMaxExtraMemory;
  const rlimit memory_limit{memory, memory};
  const rlimit time_limit{kMaxSeconds, kMaxSeconds};
  ::setrlimit(RLIMIT_AS, &memory_limit);
  ::setrlimit(RLIMIT_CPU, &time_limit);
}

Result<void> write_synced(const std::string& path, const char* data, std::size_t size) {
  const auto failed = [&](const char* what) { return unavailable(path + ": " + what + " failed"); };
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed("creating it");
  Result<void> result;
  for (std::size_t done = 0; done < size && result;) {
    const ssize_t written = ::write(file, data + done, size - done);
    if (written <= 0) result = failed("writing");
    else done += static_cast<std::size_t>(written);
  }
  if (result && ::fsync(file) != 0) result = failed("syncing");
  ::close(file);
  return result;
}

Result<void> compile(const std::string& in, const std::string& out, const wasm::MemoryPlan& plan) {
  std::ifstream file(in, std::ios::binary);
  if (!file) return not_found(in + ": cannot be read");
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});

  const auto engine = wasm::make_engine(plan, wasm::EngineUse::compile);
  wasmtime_module_t* module = nullptr;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::string error = wasm::take_message(wasmtime_module_new(engine.get(), data, bytes.size(), &module));
  const wasm::Handle<wasmtime_module> owned(module);
  if (!owned) return invalid_input(error);

  wasm_byte_vec_t code;
  error = wasm::take_message(wasmtime_module_serialize(module, &code));
  if (!error.empty()) return internal_error(error);
  auto written = write_synced(out, code.data, code.size);
  wasm_byte_vec_delete(&code);
  return written;
}

}  // namespace

int run_compile_helper(std::span<const std::string> arguments) {
  const auto* plan = arguments.size() == 3 ? wasm::find_memory_plan(arguments[2]) : nullptr;
  if (plan == nullptr) {
    std::fputs("usage: compile-module IN.wasm OUT PLAN, with a plan that this build knows\n", stderr);
    return 1;
  }
  limit_resources();
  const auto compiled = compile(arguments[0], arguments[1], *plan);
  if (compiled) return 0;
  std::fprintf(stderr, "%s\n", compiled.error().message.c_str());
  return 1;
}

}  // namespace doppel

// What a run of a function costs: a fresh instance with the input copied in, the work, effects and state copied out. Prints a
// table; asserts nothing. Usage: bench_wasm [GUESTS_FOLDER [COMPILE_HELPER [EVENTS_A_RUN]]]
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "edge_runtime/wasm/wasm_engine.h"

namespace doppel {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::duration d) { return std::chrono::duration<double, std::nano>(d).count(); }

struct Spread {
  explicit Spread(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    p50 = samples[samples.size() / 2];
    p99 = samples[samples.size() * 99 / 100];
    most = samples.back();
  }
  double p50, p99, most;
};

void fill(RunBuilder& builder, int events) {
  builder.begin();
  RunEvent event;
  event.twin = builder.add_twin("plant/a/motor/7", "");
  event.topic = "plant/a/motor/7";
  for (int i = 0; i < events; ++i) {
    event.position = Position{static_cast<std::uint64_t>(i) + 1};
    const ValueView value = ValueView::of(0.5 * i);
    builder.add_event(event, {&value, 1});
  }
}

void measure(Runner& runner, RunBuilder& builder, int events) {
  constexpr int kRuns = 20'000;
  RunResult result;
  std::vector<double> build, whole, start, run;
  for (int i = 0; i < kRuns; ++i) {
    const auto begun = Clock::now();
    fill(builder, events);
    const auto input = builder.finish();
    const auto built = Clock::now();
    runner.run(input, result);
    whole.push_back(nanoseconds(Clock::now() - built));
    build.push_back(nanoseconds(built - begun));
    start.push_back(nanoseconds(result.start));
    run.push_back(nanoseconds(result.run));
    if (result.outcome != RunOutcome::ok) std::printf("failed: %s\n", result.reason.c_str());
  }
  const Spread b(build), w(whole), s(start), r(run);
  std::printf("| %d | %.0f | %.0f / %.0f | %.0f / %.0f | %.0f / %.0f / %.0f | %.1f | %llu |\n", events, b.p50, s.p50, s.p99, r.p50,
              r.p99, w.p50, w.p99, w.most, w.p50 / events, static_cast<unsigned long long>(result.fuel));
}

int bench(const std::string& guests, const std::string& helper, const std::vector<int>& run_lengths) {
  const auto root = std::filesystem::temp_directory_path() / ("doppel-wasm-bench-" + std::to_string(::getpid()));
  const auto disk = std::move(open_system_disk(root.string())).value();
  const auto blobs = std::move(BlobStore::open(*disk, "blobs")).value();
  WasmOptions options;
  options.cache_folder = (root / "native").string();
  options.compiler = {helper};

  const auto begun = Clock::now();
  const auto engine = std::move(WasmEngine::open(options, *blobs)).value();
  const auto opened = Clock::now();
  std::ifstream file(guests + "/counter.wasm", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const auto manifest = parse_manifest(
      "name='counter'\nversion='1'\nreads=['value: "
      "f64']\nstate_bytes=16\n[limits]\noutput='1MiB'\nmemory='4MiB'\n[[trigger]]\ntopic='#'\n");
  const auto valid = engine->validate(bytes, *manifest);
  if (!valid) return std::fprintf(stderr, "%s\n", valid.error().message.c_str()), 1;
  const auto hash = blobs->put(bytes);
  const auto validated = Clock::now();
  const auto runner = std::move(engine->load(*hash, *manifest)).value();
  const auto loaded = Clock::now();
  std::printf("engine %.2f ms, compile in a helper and validate %.1f ms, load %.0f us\n\n", nanoseconds(opened - begun) / 1e6,
              nanoseconds(validated - opened) / 1e6, nanoseconds(loaded - validated) / 1e3);
  std::printf("| events | build ns | start p50 / p99 ns | work p50 / p99 ns | whole run p50 / p99 / max ns | ns/event | fuel |\n"
              "|---|---|---|---|---|---|---|\n");
  RunBuilder builder(*manifest);
  for (const int events : run_lengths) measure(*runner, builder, events);
  std::filesystem::remove_all(root);
  return 0;
}

}  // namespace
}  // namespace doppel

int main(int count, char** words) {
  const std::string guests = count > 1 ? words[1] : DOPPEL_BINARY_DIR "/guests";
  const std::string helper = count > 2 ? words[2] : DOPPEL_BINARY_DIR "/tests/guests/compile_module";
  const std::vector<int> run_lengths = count > 3 ? std::vector<int>{std::stoi(words[3])} : std::vector<int>{1, 16, 64, 256, 1024};
  return doppel::bench(guests, helper, run_lengths);
}

#include "tests/simulation/functions.h"

#include <cstring>

#include "tests/unit/edge_runtime/pipeline/native_functions.h"

namespace doppel::simulation {
namespace {

void count(NativeRun& run) {
  for (std::uint32_t i = 0; i < run.events(); ++i) {
    const auto v = run.number(i, 0);
    if (v == kTrapValue) return run.end(RunOutcome::trap, i, "thirteen");
    std::int64_t counted = 0;
    char* state = run.state(run.event(i).twin);
    std::memcpy(&counted, state, sizeof counted);
    ++counted;
    std::memcpy(state, &counted, sizeof counted);
    run.add(EffectKind::set, i, "count", {}, ValueView::of(counted));
    if (counted % 5 == 0) run.add(EffectKind::alert_raise, i, "five", {}, ValueView::of(counted));
    if (counted % 5 == 1 && counted > 1) run.add(EffectKind::alert_clear, i, "five");
    if (counted % 3 == 0) run.add(EffectKind::publish, i, {}, "out/count", ValueView::of(counted), 1);
  }
}

void relay(NativeRun& run) {
  for (std::uint32_t i = 0; i < run.events(); ++i) {
    if (const auto v = run.number(i, 0)) run.add(EffectKind::send, i, "seen", "sum", ValueView::json("{\"last\":1}"));
    run.add(EffectKind::emit, i, "ping", {}, ValueView::of(std::int64_t{1}));
  }
}

void echo(NativeRun& run) {
  for (std::uint32_t i = 0; i < run.events(); ++i) run.add(EffectKind::set, i, "echoed", {}, ValueView::of(std::int64_t{1}));
}

void timer(NativeRun& run) {
  for (std::uint32_t i = 0; i < run.events(); ++i) {
    if (run.event(i).trigger == static_cast<std::uint32_t>(TriggerKind::alarm)) {
      run.add(EffectKind::set, i, "rang", {}, ValueView::of(static_cast<std::int64_t>(run.event(i).position)));
    } else {
      run.add(EffectKind::alarm_set, i, "late", {}, ValueView::of(std::int64_t{2'000'000'000}));
    }
  }
}

struct Body {
  const char* name;
  void (*body)(NativeRun&);
  const char* manifest;
};
constexpr Body kBodies[] = {
    {"count", count, "reads = ['v: f64']\nwrites = ['count: i64']\nstate_bytes = 8\n[[trigger]]\ntopic = 'dev/#'\n[grants]\npublish = ['out/#']\n"},
    {"relay", relay, "reads = ['v: f64']\n[[trigger]]\ntopic = 'dev/#'\n[grants]\nsend = ['sum']\n"},
    {"echo", echo, "writes = ['echoed: i64']\n[[trigger]]\nevent = 'ping'\n"},
    {"timer", timer, "writes = ['rang: i64']\n[[trigger]]\ntopic = 'dev/#'\n[[trigger]]\nalarm = 'late'\n"},
};

struct SimRunner final : Runner {
  explicit SimRunner(void (*f)(NativeRun&)) : body(f) {}
  void run(std::span<char> input, RunResult& result) override {
    NativeRun run(input);
    body(run);
    run.finish(result);
  }
  void (*body)(NativeRun&);
};

}  // namespace

std::string SimFunction::module_sha256() const { return sha256_hex(module); }

std::vector<SimFunction> sim_functions(std::uint32_t version) {
  std::vector<SimFunction> functions;
  for (const auto& [name, body, manifest] : kBodies) {
    functions.push_back({name, std::string("name = '") + name + "'\nversion = '" + std::to_string(version) + "'\n" + manifest,
                         std::string(name) + ' ' + std::to_string(version)});
  }
  return functions;
}

Result<std::unique_ptr<Runner>> SimLoader::load(const std::string& module_sha256, const Manifest&) {
  const auto module = blobs_.get(module_sha256);
  if (!module) return module.error();
  for (const auto& [name, body, manifest] : kBodies) {
    if (module->starts_with(std::string(name) + ' ')) return std::unique_ptr<Runner>(std::make_unique<SimRunner>(body));
  }
  return invalid_input("there is no function in the module " + module_sha256);
}

}  // namespace doppel::simulation

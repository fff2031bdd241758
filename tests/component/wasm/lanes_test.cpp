// Several lanes share one engine: each with runners of its own, while uploads are validated beside them.
#include <thread>

#include "tests/component/wasm/engine_fixture.h"

namespace doppel {
namespace {

using LanesTest = EngineTest;

TEST_F(LanesTest, Lanes_run_the_same_module_at_once_and_keep_apart) {
  WasmOptions few = options();
  few.loaded_modules = 2;  // so that lanes take each other's places
  open_engine(few);
  const Manifest wanted = manifest("reads = ['value: f64']\nstate_bytes = 16");
  constexpr int kLanes = 4;
  constexpr int kRuns = 300;
  std::vector<std::unique_ptr<Runner>> runners;
  for (int i = 0; i < kLanes; ++i) runners.push_back(runner("counter", wanted));
  std::vector<double> sums(kLanes);
  {
    std::vector<std::jthread> lanes;
    for (int lane = 0; lane < kLanes; ++lane) {
      lanes.emplace_back([&, lane] {
        RunBuilder builder(wanted);
        RunResult result;
        std::string state;
        for (int i = 0; i < kRuns; ++i) {
          builder.begin();
          RunEvent event;
          event.twin = builder.add_twin("t", state);
          builder.add_event(event, std::vector{ValueView::of(1.0 + lane)});
          runners[static_cast<std::size_t>(lane)]->run(builder.finish(), result);
          if (result.outcome != RunOutcome::ok) return;
          state = builder.state(0);
          sums[static_cast<std::size_t>(lane)] = result.decoded[1].value.number;
        }
      });
    }
    lanes.emplace_back([&] {
      for (const char* name : {"floats", "bulk", "everything"}) EXPECT_TRUE(engine_->validate(guest(name), manifest()));
    });
  }
  for (int lane = 0; lane < kLanes; ++lane) EXPECT_EQ(sums[static_cast<std::size_t>(lane)], kRuns * (1.0 + lane));
}

}  // namespace
}  // namespace doppel

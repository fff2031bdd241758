// Once it has grown to its usual size, the fold takes a steady stream with a handful of allocations a batch, and none an event.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/unit/edge_runtime/pipeline/edge.h"

namespace {

std::atomic<std::uint64_t> allocations{0};
bool counting = false;

}  // namespace

// Counts what this program allocates. GCC 12 takes the replaced pair for a mismatch of new and free once it has inlined it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations += counting;
  return std::malloc(size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace doppel {
namespace {

// Sets one property an event; what it allocates itself does not count.
class QuietLoader final : public RunnerLoader {
 public:
  std::string version() const override { return "native"; }
  Result<std::unique_ptr<Runner>> load(const std::string&, const Manifest&) override { return std::unique_ptr<Runner>(std::make_unique<Quiet>()); }

 private:
  struct Quiet final : Runner {
    void run(std::span<char> input, RunResult& result) override {
      counting = false;
      NativeRun run(input);
      for (std::uint32_t i = 0; i < run.events(); ++i) run.add(EffectKind::set, i, "seen", {}, ValueView::of(static_cast<double>(i)));
      run.finish(result);
      counting = true;
    }
  };
};

TEST(Allocation, a_steady_stream_of_1000_events_of_100_twins_takes_a_handful_a_batch) {
  QuietLoader loader;
  Pipeline pipeline(loader);
  std::uint64_t position = 0;
  BatchOutput output;
  const auto apply = [&](std::vector<Record>& records) {
    for (auto& record : records) record.position = Position{++position};
    output.clear();
    EXPECT_TRUE(pipeline.apply({Incarnation{}, Epoch::first, Position{++position}, records, {}}, output));
  };

  Activation active;
  active.manifest = "name = 'f'\nversion = '1'\nstate_bytes = 16\nreads = ['p0: f64', 'p1: f64']\nwrites = ['seen: f64']\n[[trigger]]\ntopic = '#'\n";
  active.module_sha256 = std::string(64, '0');
  std::string payload;
  encode(active, payload);
  std::vector<Record> records(1);
  records[0].kind = RecordKind::activation;
  records[0].arrival = kStart;
  records[0].topic = "f";
  records[0].payload = payload;
  apply(records);

  std::deque<std::string> texts;
  records.clear();
  for (int i = 0; i < 1000; ++i) {
    std::string json = "{\"area\":\"north\"";
    for (int p = 0; p < 8; ++p) json += ",\"p" + std::to_string(p) + "\":" + std::to_string((i * 7 + p) % 100) + ".5";
    Record record;
    record.arrival = kStart + std::chrono::milliseconds(i);
    record.topic = texts.emplace_back("plant/d" + std::to_string(i % 100));
    const auto& padded = texts.emplace_back(json + '}' + std::string(kReadablePadding, '\0'));
    record.payload = std::string_view(padded).substr(0, padded.size() - kReadablePadding);
    record.delivery = {.qos = 1, .packet_id = static_cast<std::uint16_t>(i), .source = 1, .session = 1};
    records.push_back(record);
  }
  for (int batch = 0; batch < 4; ++batch) apply(records);
  allocations = 0;
  counting = true;
  apply(records);
  counting = false;
  EXPECT_LE(allocations, 16u);
  EXPECT_EQ(pipeline.counts().events, 5000u);
}

}  // namespace
}  // namespace doppel

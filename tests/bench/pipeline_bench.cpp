// Nanoseconds an event takes in the edge's fold: messages of an id, an area and 8 numbers, from 1,000 twins in batches of 1,000,
// with and without windows, with and without a function that sets a property. Usage: bench_pipeline [batches]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "edge_runtime/pipeline/pipeline.h"
#include "functions/abi/doppel_abi.h"

namespace doppel {
namespace {

constexpr int kTwins = 1000, kBatch = 1000;

// Sets "seen" for every event, from a list that is encoded once.
class FixedRunner final : public Runner {
 public:
  void run(std::span<char> input, RunResult& result) override {
    std::uint32_t events = 0;
    std::memcpy(&events, input.data() + offsetof(doppel_run_header, event_count), sizeof events);
    result.outcome = RunOutcome::ok;
    result.fuel = events;
    result.effects.clear();
    const doppel_effects_header header{DOPPEL_EFFECTS_MAGIC, DOPPEL_ABI_VERSION, static_cast<std::uint32_t>(sizeof header + events * 48), events};
    result.effects.append(reinterpret_cast<const char*>(&header), sizeof header);
    for (std::uint32_t i = 0; i < events; ++i) {
      doppel_effect_row row{};
      row.kind = DOPPEL_SET;
      row.event = i;
      row.value_kind = DOPPEL_NUMBER;
      row.value.number = i;
      row.name_length = 4;
      result.effects.append(reinterpret_cast<const char*>(&row), sizeof row);
      result.effects.append("seen\0\0\0\0", 8);
    }
    if (!decode_effects_into(result.effects, events, result.decoded)) std::abort();
  }
};

class FixedLoader final : public RunnerLoader {
 public:
  std::string version() const override { return "native"; }
  Result<std::unique_ptr<Runner>> load(const std::string&, const Manifest&) override { return std::unique_ptr<Runner>(std::make_unique<FixedRunner>()); }
};

class Bench {
 public:
  Bench(bool windows, bool function) : pipeline_(loader_) {
    PipelineConfig config;
    config.edge = "bench";
    config.mapping.rules.emplace_back().topic = "plant/{area}/{id}";
    config.mapping.rules.back().twin = "{area}/{id}";
    config.windows.clear();
    if (windows) config.windows.push_back({"1m", std::chrono::minutes(1), {"area"}, {"*"}});
    control(RecordKind::configuration, "", to_json(config));
    if (function) {
      Activation active;
      active.manifest = "name = 'f'\nversion = '1'\nreads = ['p0: f64']\nwrites = ['seen: f64']\n[[trigger]]\ntopic = '#'\n";
      active.module_sha256 = std::string(64, '0');
      std::string payload;
      encode(active, payload);
      control(RecordKind::activation, "f", payload);
    }
    for (int i = 0; i < kTwins; ++i) {
      const std::string id = "device-" + std::to_string(i);
      std::string json = "{\"id\":\"" + id + "\",\"area\":\"area-" + std::to_string(i % 10) + "\"";
      for (int p = 0; p < 8; ++p) json += ",\"p" + std::to_string(p) + "\":" + std::to_string((i * 31 + p * 17) % 1000) + ".25";
      json += '}';
      Record record;
      record.topic = texts_.emplace_back("plant/area-" + std::to_string(i % 10) + "/" + id);
      const auto& padded = texts_.emplace_back(json + std::string(kReadablePadding, '\0'));
      record.payload = std::string_view(padded).substr(0, json.size());
      records_.push_back(record);
    }
  }

  double nanoseconds_an_event(int batches) {
    for (int i = 0; i < 5; ++i) batch();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < batches; ++i) batch();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    return took.count() / batches / kBatch;
  }

 private:
  void control(RecordKind kind, std::string_view topic, const std::string& payload) {
    Record record;
    record.kind = kind;
    record.arrival = now_;
    record.topic = topic;
    record.payload = payload;
    apply({&record, 1});
  }
  void batch() {
    for (auto& record : records_) {
      now_ += std::chrono::microseconds(100);
      record.arrival = now_;
    }
    apply(records_);
  }
  void apply(std::span<Record> records) {
    for (auto& record : records) record.position = Position{++position_};
    output_.clear();
    if (!pipeline_.apply({Incarnation{}, Epoch::first, Position{++position_}, records, {}}, output_)) std::abort();
  }

  FixedLoader loader_;
  Pipeline pipeline_;
  std::deque<std::string> texts_;
  std::vector<Record> records_;
  BatchOutput output_;
  Timestamp now_{std::chrono::seconds(1'800'000'000)};
  std::uint64_t position_ = 0;
};

}  // namespace
}  // namespace doppel

int main(int argc, char** argv) {
  const int batches = argc > 1 ? std::atoi(argv[1]) : 500;
  for (const bool function : {false, true}) {
    for (const bool windows : {false, true}) {
      const double ns = doppel::Bench(windows, function).nanoseconds_an_event(batches);
      std::printf("%-16s %-17s %7.0f ns an event\n", windows ? "with windows" : "without windows", function ? "with a function" : "without function", ns);
    }
  }
}

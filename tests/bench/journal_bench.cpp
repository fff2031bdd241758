// Append rate and latency of the journal by sync policy, and its read rate. Prints only.
//
//     bench_journal [FOLDER [RECORDS]]        FOLDER is made and removed again (default: ./journal_bench.tmp); it says which disk is measured
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "twin_store/journal/journal.h"

namespace {

using namespace doppel;
using Stopwatch = std::chrono::steady_clock;

constexpr std::size_t kPayload = 180;

double us_since(Stopwatch::time_point start) { return std::chrono::duration<double, std::micro>(Stopwatch::now() - start).count(); }

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

OpenedJournal open(Disk& disk, const Clock& clock, const std::string& folder, SyncPolicy policy) {
  JournalOptions options;
  options.sync = policy;
  options.boot_id = boot_id();
  options.program = "journal_bench";
  return must(open_journal(disk, folder, clock, options));
}

void append_many(Journal& journal, std::size_t count, std::vector<double>& latencies) {
  const std::string payload(kPayload, 'x');
  NewRecord record;
  record.topic = "plant/area-3/line-7/press-12/telemetry";
  record.payload = payload;
  latencies.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Stopwatch::now();
    must(journal.append(record));
    latencies.push_back(us_since(start));
  }
}

void measure_append(Disk& disk, const char* name, SyncPolicy policy, std::size_t threads, std::size_t records) {
  const SystemClock clock;
  const auto opened = open(disk, clock, std::string(name) + std::to_string(threads), policy);
  std::vector<std::vector<double>> latencies(threads);
  const auto start = Stopwatch::now();
  {
    std::vector<std::jthread> appenders;
    for (auto& own : latencies) appenders.emplace_back([&] { append_many(*opened.journal, records / threads, own); });
  }
  const double elapsed = us_since(start);
  std::vector<double> all;
  for (const auto& own : latencies) all.insert(all.end(), own.begin(), own.end());
  std::sort(all.begin(), all.end());
  std::printf("append %-8s  %zu thread%s  %9.0f /s   p50 %8.2f us   p99 %8.2f us   max %9.0f us\n", name, threads, threads == 1 ? " " : "s",
              static_cast<double>(all.size()) / elapsed * 1e6, all[all.size() / 2], all[all.size() * 99 / 100], all.back());
  if (auto closed = opened.journal->close(); !closed) std::fprintf(stderr, "%s\n", closed.error().message.c_str());
}

void measure_read(Disk& disk, const std::string& folder) {
  constexpr std::size_t kBatch = 1000;
  const SystemClock clock;
  auto start = Stopwatch::now();
  const auto opened = open(disk, clock, folder, SyncPolicy::never);
  std::printf("open %.0f MiB: %.1f ms\n", static_cast<double>(opened.journal->size_bytes()) / (1 << 20), us_since(start) / 1000);
  const auto reader = must(opened.journal->read_after(Position{to_number(opened.journal->first()) - 1}));
  std::vector<Record> records;
  std::vector<double> batches;
  std::size_t count = 0;
  start = Stopwatch::now();
  while (true) {
    records.clear();
    const auto batch = Stopwatch::now();
    if (auto read = reader->read(kBatch, JournalReader::Views::free_earlier, records); !read) {
      std::fprintf(stderr, "%s\n", read.error().message.c_str());
      std::exit(1);
    }
    if (records.empty()) break;
    batches.push_back(us_since(batch));
    count += records.size();
  }
  const double elapsed = us_since(start);
  std::sort(batches.begin(), batches.end());
  std::printf("read %zu records: %.0f /s; batch of %zu: p50 %.1f us, p99 %.1f us\n", count, static_cast<double>(count) / elapsed * 1e6, kBatch,
              batches[batches.size() / 2], batches[batches.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "journal_bench.tmp";
  const std::size_t records = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const auto disk = must(open_system_disk(folder));
  std::printf("records of %zu bytes of payload, below %s\n", kPayload, folder.c_str());
  measure_append(*disk, "never", SyncPolicy::never, 1, records);
  measure_append(*disk, "interval", SyncPolicy::interval, 1, records);
  measure_append(*disk, "interval", SyncPolicy::interval, 4, records);
  measure_append(*disk, "always", SyncPolicy::always, 1, std::max<std::size_t>(100, records / 500));
  measure_append(*disk, "always", SyncPolicy::always, 4, std::max<std::size_t>(100, records / 500));
  measure_read(*disk, "never1");
  std::filesystem::remove_all(folder);
  return 0;
}

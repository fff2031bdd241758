// simulate [--seeds N] [--from S] [--jobs J] [--mutation NAME] | --seed S [--trace]
// Runs seeds, says how many a second, and ends with status 1 and the seed where a promise was broken.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/fleet.h"

namespace doppel::simulation {
namespace {

struct Arguments {
  std::uint64_t seeds = 100, from = 1, jobs = 1;
  std::optional<std::uint64_t> seed;
  bool traces = false;
  Mutation mutation = Mutation::none;
};

[[noreturn]] void usage() {
  std::fprintf(stderr, "simulate [--seeds N] [--from S] [--jobs J] [--mutation NAME] | --seed S [--trace] [--mutation NAME]\n");
  std::exit(2);
}

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--trace") {
      arguments.traces = true;
      continue;
    }
    if (i + 1 == count) usage();
    const std::string value = words[++i];
    const auto number = [&] { return std::strtoull(value.c_str(), nullptr, 10); };
    if (word == "--seeds") arguments.seeds = number();
    else if (word == "--from") arguments.from = number();
    else if (word == "--jobs") arguments.jobs = std::max<std::uint64_t>(1, number());
    else if (word == "--seed") arguments.seed = number();
    else if (word == "--mutation") {
      for (const auto mutation : kMutations) {
        if (to_string(mutation) == value) arguments.mutation = mutation;
      }
      if (arguments.mutation == Mutation::none) usage();
    } else usage();
  }
  return arguments;
}

bool run_seed(const Arguments& arguments, std::uint64_t seed, RunCounts& all) {
  try {
    const auto counts = Fleet({seed, arguments.traces, arguments.mutation}).run();
    all.publications += counts.publications;
    all.processes += counts.processes;
    all.lawfully_lost += counts.lawfully_lost;
    all.operations += counts.operations;
    return true;
  } catch (const Broken& broken) {
    std::printf("seed %llu: BROKEN: %s\n", static_cast<unsigned long long>(seed), broken.what());
  } catch (const std::exception& error) {
    std::printf("seed %llu: BROKEN: exception: %s\n", static_cast<unsigned long long>(seed), error.what());
  }
  std::fflush(stdout);
  return false;
}

int run_share(const Arguments& arguments, std::uint64_t job) {
  RunCounts all;
  int broken = 0;
  for (std::uint64_t i = job; i < arguments.seeds; i += arguments.jobs) broken += run_seed(arguments, arguments.from + i, all) ? 0 : 1;
  std::printf("%llu messages, %llu processes, %llu disk operations, %llu records lawfully lost\n", static_cast<unsigned long long>(all.publications),
              static_cast<unsigned long long>(all.processes), static_cast<unsigned long long>(all.operations),
              static_cast<unsigned long long>(all.lawfully_lost));
  std::fflush(stdout);
  return broken == 0 ? 0 : 1;
}

int run_seeds(const Arguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  // Processes, not threads: SQLite has one source of randomness for a process.
  for (std::uint64_t job = 1; job < arguments.jobs; ++job) {
    if (fork() == 0) std::_Exit(run_share(arguments, job));
  }
  int status = run_share(arguments, 0);
  for (int ended = 0; wait(&ended) > 0;) {
    if (ended != 0) status = 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%llu seeds from %llu in %.1f s, %.1f a second: %s\n", static_cast<unsigned long long>(arguments.seeds),
              static_cast<unsigned long long>(arguments.from), took.count(), static_cast<double>(arguments.seeds) / took.count(),
              status == 0 ? "every promise kept" : "BROKEN");
  return status;
}

}  // namespace
}  // namespace doppel::simulation

int main(int count, char** words) {
  using namespace doppel::simulation;
  const auto arguments = parse(count, words);
  if (!arguments.seed) return run_seeds(arguments);
  RunCounts counts;
  const bool kept = run_seed(arguments, *arguments.seed, counts);
  if (kept) std::printf("seed %llu: every promise kept\n", static_cast<unsigned long long>(*arguments.seed));
  return kept ? 0 : 1;
}

// The yardstick: a Paho C++ subscriber that only counts, which is the least that any program behind this library costs. Every 16th
// row also says how late it came ("t" of its payload is when it was due, CLOCK_MONOTONIC ns).
//
//   bench_bare_subscriber --port 1883 --topic 'plant/#' --qos 1
//
// Prints "ready" when it is subscribed, and on SIGTERM one line of JSON: messages, the time of the last, delays.
#include <mqtt/async_client.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::int64_t kSampleEvery = 16;
constexpr int kMaxInFlight = 65'535;

struct Options {
  std::string port = "1883", topic = "plant/#";
  int qos = 0;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    const bool known = i + 1 < argc && (option == "--port" || option == "--topic" || option == "--qos");
    if (!known) {
      std::fprintf(stderr, "bench_bare_subscriber: options are --port N, --topic FILTER and --qos 0|1\n");
      std::exit(2);
    }
    const std::string value = argv[i + 1];
    if (option == "--port") options.port = value;
    if (option == "--topic") options.topic = value;
    if (option == "--qos") options.qos = value == "1" ? 1 : 0;
  }
  return options;
}

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// Written by Paho's one callback thread; read when the client is disconnected.
class Tally {
 public:
  void count(const mqtt::message& message) {
    last_ = now();
    if (++messages_ % kSampleEvery == 0) sample(message.get_payload_str());
  }

  void print() {
    std::sort(delays_.begin(), delays_.end());
    std::printf(R"({"messages":%lld,"last":%lld,"p50_ms":%.3f,"p99_ms":%.3f})" "\n", static_cast<long long>(messages_),
                static_cast<long long>(last_), quantile(0.5), quantile(0.99));
  }

 private:
  void sample(std::string_view payload) {
    constexpr std::string_view kKey = "\"t\":";
    const auto at = payload.find(kKey);
    std::int64_t due = 0;
    if (at == payload.npos) return;
    std::from_chars(payload.data() + at + kKey.size(), payload.data() + payload.size(), due);
    delays_.push_back(static_cast<double>(last_ - due) / 1e6);
  }

  double quantile(double q) const {
    return delays_.empty() ? -1 : delays_[static_cast<std::size_t>(q * static_cast<double>(delays_.size() - 1))];
  }

  std::int64_t messages_ = 0, last_ = 0;
  std::vector<double> delays_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  Tally tally;
  mqtt::async_client client("tcp://127.0.0.1:" + options.port, "bench-bare-" + std::to_string(getpid()));
  client.set_message_callback([&tally](const mqtt::const_message_ptr& message) { tally.count(*message); });
  client.connect(mqtt::connect_options_builder().clean_session(true).max_inflight(kMaxInFlight).finalize())->wait();
  client.subscribe(options.topic, options.qos)->wait();
  std::printf("ready\n");
  std::fflush(stdout);

  int signal = 0;
  sigwait(&stop, &signal);
  client.disconnect()->wait();
  tally.print();
  return 0;
}

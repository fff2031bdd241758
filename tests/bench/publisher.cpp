// A load for measurements: rows of eight sensors over N devices at a fixed rate, written as MQTT 3.1.1 packets to the socket, a
// millisecond's worth at a time, so that the load costs little beside what it measures. Open loop: rows are due at fixed times, and
// a row says when it was due ("t", CLOCK_MONOTONIC ns), so that a late publisher shows as latency rather than as a lower rate.
//
//   bench_publisher --port 1883 --rate 20000 --seconds 10 --devices 1000 --qos 1
//
// Prints one line of JSON: what was sent and acknowledged, how long it took, and the CPU it cost.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;
// Packet ids have 16 bits: an id may be used again only after its acknowledgement.
constexpr std::int64_t kMaxInFlight = 60'000;
constexpr std::int64_t kAcknowledgeTimeout = 60 * kSecond;

[[noreturn]] void fail(const std::string& message, int status = 1) {
  std::fprintf(stderr, "bench_publisher: %s\n", message.c_str());
  std::exit(status);
}

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

void sleep_until(std::int64_t due) {
  const timespec time{due / kSecond, due % kSecond};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

struct Options {
  std::string host = "127.0.0.1";  // an IPv4 address
  std::int64_t port = 1883;
  std::int64_t rate = 1000;     // rows a second
  std::int64_t seconds = 10;
  std::int64_t count = 0;       // rows; 0: rate * seconds
  std::int64_t devices = 1000;
  std::int64_t areas = 10;
  std::int64_t first = 0;       // number of the first row
  std::int64_t qos = 0;         // 0 or 1
};

std::int64_t number_of(const std::string& option, const char* text) {
  std::int64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 0) fail(option + " needs a number, not " + text, 2);
  return value;
}

Options parse(int argc, char** argv) {
  Options options;
  const std::pair<std::string_view, std::int64_t*> numbers[] = {
      {"--port", &options.port},   {"--rate", &options.rate},       {"--seconds", &options.seconds}, {"--count", &options.count},
      {"--areas", &options.areas}, {"--devices", &options.devices}, {"--first", &options.first},     {"--qos", &options.qos}};
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    if (i + 1 == argc) fail(option + " needs a value", 2);
    bool known = option == "--host";
    if (known) options.host = argv[i + 1];
    for (const auto& [name, target] : numbers) {
      if (name != option) continue;
      *target = number_of(option, argv[i + 1]);
      known = true;
    }
    if (!known) fail("unknown option " + option, 2);
  }
  if (options.rate == 0 || options.devices == 0 || options.areas == 0) fail("rate, devices and areas are at least 1", 2);
  if (options.qos > 1) fail("QoS is 0 or 1", 2);
  if (options.count == 0) options.count = options.rate * options.seconds;
  return options;
}

// Row n belongs to device n % devices: each device's rows are spread evenly, and in order.
class Rows {
 public:
  explicit Rows(const Options& options) : options_(options) {}

  void write(std::int64_t n, std::int64_t due, std::string& topic, std::string& payload) const {
    const long long device = n % options_.devices, area = device % options_.areas;
    const double w = static_cast<double>(static_cast<std::uint64_t>(n) * 2654435761u % 1000) / 1000;  // scattered over 0..1
    char text[512];
    topic.assign(text, print(text, "plant/a%lld/device/d%06lld", area, device));
    payload.assign(text, print(text,
                               R"({"t":%lld,"s":%lld,"id":"d%06lld","area":"a%lld","acc1":%.4f,"acc2":%.4f,"cur":%.4f,)"
                               R"("pres":%.4f,"temp":%.3f,"tc":%.4f,"volt":%.3f,"flow":%.3f})",
                               static_cast<long long>(due), static_cast<long long>(n), device, area, 0.0269 + w / 100,
                               0.0399 + w / 100, 1.33 + w, 0.0547 + w / 10, 70 + 10 * w, 26.02 + w, 233.06 + w, 32 + w));
  }

 private:
  template <std::size_t size, class... Values>
  static std::size_t print(char (&text)[size], const char* format, Values... values) {
    return static_cast<std::size_t>(std::snprintf(text, size, format, values...));
  }

  const Options& options_;
};

// An MQTT connection that writes publications in batches and counts acknowledgements on a thread of its own.
class Connection {
 public:
  explicit Connection(const Options& options) : qos_(options.qos) {
    sockaddr_in broker{};
    broker.sin_family = AF_INET;
    broker.sin_port = htons(static_cast<std::uint16_t>(options.port));
    if (inet_pton(AF_INET, options.host.c_str(), &broker.sin_addr) != 1) fail("not an IPv4 address: " + options.host, 2);
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&broker), sizeof broker) != 0) fail("no connection to the broker");
    introduce();
    acknowledgements_ = std::thread([this] { count_acknowledgements(); });
  }

  ~Connection() {
    buffer_.assign("\xe0\0", 2);  // DISCONNECT
    flush();
    shutdown(socket_, SHUT_RDWR);
    acknowledgements_.join();
    close(socket_);
  }

  void publish(std::string_view topic, std::string_view payload) {
    while (qos_ == 1 && sent_ - acknowledged_ >= kMaxInFlight) {
      flush();
      sleep_until(now() + kMillisecond / 10);
    }
    buffer_ += qos_ == 1 ? '\x32' : '\x30';
    add_length(2 + topic.size() + (qos_ == 1 ? 2 : 0) + payload.size());
    add_number(topic.size());
    buffer_ += topic;
    if (qos_ == 1) add_number(static_cast<std::size_t>(1 + sent_ % 65'535));
    buffer_ += payload;
    ++sent_;
  }

  void flush() {
    for (std::size_t done = 0; done < buffer_.size();) {
      const ssize_t written = send(socket_, buffer_.data() + done, buffer_.size() - done, MSG_NOSIGNAL);
      if (written <= 0) fail("the broker closed the connection");
      done += static_cast<std::size_t>(written);
    }
    buffer_.clear();
  }

  void wait_for_acknowledgements() const {
    const std::int64_t deadline = now() + kAcknowledgeTimeout;
    while (qos_ == 1 && acknowledged_ < sent_ && now() < deadline) sleep_until(now() + kMillisecond);
  }

  std::int64_t sent() const { return sent_; }
  std::int64_t acknowledged() const { return acknowledged_; }

 private:
  void introduce() {
    const std::string id = "bench-" + std::to_string(getpid());
    buffer_ += '\x10';
    add_length(12 + id.size());
    buffer_.append("\0\4MQTT\4\2\0\0", 10);  // protocol name and level, clean session, no keep-alive
    add_number(id.size());
    buffer_ += id;
    flush();
    char answer[4];
    if (recv(socket_, answer, sizeof answer, MSG_WAITALL) != sizeof answer || answer[3] != 0) fail("the broker refuses the connection");
  }

  // A clean session without subscriptions receives nothing but PUBACKs, four bytes each.
  void count_acknowledgements() {
    char bytes[65'536];
    std::int64_t total = 0;
    for (ssize_t got; (got = recv(socket_, bytes, sizeof bytes, 0)) > 0;) acknowledged_ = (total += got) / 4;
  }

  void add_number(std::size_t number) {
    buffer_ += static_cast<char>(number >> 8);
    buffer_ += static_cast<char>(number & 255);
  }
  void add_length(std::size_t length) {  // seven bits a byte, the eighth says that more follow
    for (; length > 127; length >>= 7) buffer_ += static_cast<char>((length & 127) | 128);
    buffer_ += static_cast<char>(length);
  }

  const std::int64_t qos_;
  int socket_ = -1;
  std::string buffer_;
  std::int64_t sent_ = 0;
  std::atomic<std::int64_t> acknowledged_{0};
  std::thread acknowledgements_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const Rows rows(options);
  Connection connection(options);
  const std::int64_t batch = std::max<std::int64_t>(1, options.rate / 1000);
  const std::int64_t begin = now() + 10 * kMillisecond;
  std::string topic, payload;
  for (std::int64_t row = 0; row < options.count;) {
    const std::int64_t due = begin + static_cast<std::int64_t>(static_cast<double>(row) * 1e9 / static_cast<double>(options.rate));
    sleep_until(due);
    for (std::int64_t i = 0; i < batch && row < options.count; ++i, ++row) {
      rows.write(options.first + row, due, topic, payload);
      connection.publish(topic, payload);
    }
    connection.flush();
  }
  const std::int64_t end = now();
  connection.wait_for_acknowledgements();
  const auto seconds = [](std::int64_t ns) { return static_cast<double>(ns) / 1e9; };
  const auto count = static_cast<double>(connection.sent());
  const auto whole = [](std::int64_t number) { return static_cast<long long>(number); };
  std::printf(R"({"sent":%lld,"acknowledged":%lld,"begin":%lld,"end":%lld,)", whole(connection.sent()),
              whole(connection.acknowledged()), whole(begin), whole(end));
  std::printf(R"("seconds":%.3f,"rate":%.0f,"drained_ms":%.1f,"cpu_us":%.2f,"bytes":%zu})" "\n", seconds(end - begin),
              count / seconds(end - begin), seconds(now() - end) * 1e3, cpu_seconds() * 1e6 / count, payload.size());
  return options.qos == 1 && connection.acknowledged() < connection.sent() ? 1 : 0;
}

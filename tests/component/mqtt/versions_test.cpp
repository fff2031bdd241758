// Brokers that do not speak MQTT 5, which mosquitto cannot be told to be: a socket with just enough of 3.1.1.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/component/mqtt/harness.h"
#include "tests/component/mqtt/mosquitto.h"

namespace doppel {
namespace {

// What it does with a CONNECT of version 5.
enum class Refusal { answers_unacceptable_version, hangs_up, none };

class OldBroker {
 public:
  explicit OldBroker(Refusal refusal) : refusal_(refusal), port_(free_port()), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    thread_ = std::jthread([this] { serve(); });
  }
  ~OldBroker() {
    shutdown(fd_, SHUT_RDWR);
    close(fd_);
  }
  std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  std::string client_ids() const { return ids_; }
  bool was_acknowledged() const { return acknowledged_; }
  int subscribe_options() const { return subscribe_options_; }  // of the last SUBSCRIBE; -1 before any

 private:
  void serve() {
    for (int client; (client = accept(fd_, nullptr, nullptr)) >= 0; close(client)) talk(client);
  }

  void talk(int client) {
    for (std::string packet; read_packet(client, packet);) {
      switch (static_cast<unsigned char>(packet[0]) >> 4) {
        case 1:  // CONNECT: fixed header, "MQTT", level
          ids_ += packet.substr(14) + ";";
          if (packet[8] == 5 && refusal_ != Refusal::none) return refuse(client);
          write_packet(client, packet[8] == 5 ? std::vector<char>{0x20, 3, 0, 0, 0} : std::vector<char>{0x20, 2, 0, 0});
          break;
        case 8:  // SUBSCRIBE: answered, then a message at QoS 1
          subscribe_options_ = static_cast<unsigned char>(packet.back());
          if (refusal_ == Refusal::none) {
            write_packet(client, {static_cast<char>(0x90), 4, packet[2], packet[3], 0, 1});
            break;
          }
          write_packet(client, {static_cast<char>(0x90), 3, packet[2], packet[3], 1});
          write_packet(client, {0x32, 6, 0, 1, 'a', 0, 7, 'x'});
          break;
        case 4:  // PUBACK
          acknowledged_ = packet[3] == 7;
          break;
        default: break;
      }
    }
  }

  void refuse(int client) const {
    if (refusal_ == Refusal::answers_unacceptable_version) write_packet(client, {0x20, 2, 0, 1});
  }

  static bool read_packet(int client, std::string& packet) {
    packet.resize(2);
    if (recv(client, packet.data(), 2, MSG_WAITALL) != 2) return false;
    const auto length = static_cast<std::size_t>(packet[1]);  // every packet here is shorter than 128 bytes
    packet.resize(2 + length);
    return length == 0 || recv(client, packet.data() + 2, length, MSG_WAITALL) == static_cast<ssize_t>(length);
  }
  static void write_packet(int client, const std::vector<char>& bytes) {
    EXPECT_EQ(send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  const Refusal refusal_;
  const int port_, fd_;
  std::string ids_;
  std::atomic<bool> acknowledged_{false};
  std::atomic<int> subscribe_options_{-1};
  std::jthread thread_;
};

TEST(ConnectOutcome, names_what_stood_in_the_way) {
  const auto failure = [](const std::string& url) { return Device(source_options(url).broker).outcome().failure; };
  const OldBroker old(Refusal::answers_unacceptable_version);
  EXPECT_EQ(failure(old.url()), ConnectFailure::version);
  EXPECT_EQ(failure("mqtt://127.0.0.1:" + std::to_string(free_port())), ConnectFailure::unreachable);
  EXPECT_EQ(failure("mqtt://nowhere.invalid"), ConnectFailure::unreachable);
}

class Versions : public testing::TestWithParam<Refusal> {};

TEST_P(Versions, a_broker_without_MQTT_5_is_spoken_to_in_3_1_1) {
  OldBroker broker(GetParam());
  FakeJournal journal;
  RunningSource source(source_options(broker.url()), journal);
  ASSERT_TRUE(source.is_connected());
  EXPECT_EQ(source.counters().version, 4);
  ASSERT_TRUE(eventually([&] { return broker.was_acknowledged(); }));
  ASSERT_EQ(journal.entries().size(), 1u);
  EXPECT_EQ(journal.entries()[0].delivery.packet_id, 7);
  source.stop();
}

TEST(Versions5, Rule15_a_subscription_asks_for_no_local_and_for_retained_messages_when_it_is_new) {
  OldBroker broker(Refusal::none);
  FakeJournal journal;
  RunningSource source(source_options(broker.url()), journal);
  ASSERT_TRUE(source.is_connected());
  EXPECT_EQ(source.counters().version, 5);
  EXPECT_EQ(broker.subscribe_options(), 1 | 1 << 2 | 1 << 4) << "QoS 1, No Local, Retain Handling 1";
  source.stop();
}

INSTANTIATE_TEST_SUITE_P(, Versions, testing::Values(Refusal::answers_unacceptable_version, Refusal::hangs_up));

}  // namespace
}  // namespace doppel

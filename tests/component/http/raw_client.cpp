#include "tests/component/http/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace doppel {

RawClient::RawClient(std::uint16_t port, int receive_buffer) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ended_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0;
}

RawClient::RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)), ended_(other.ended_) {}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::end_sending() { ::shutdown(socket_, SHUT_WR); }

std::string RawClient::read_until(std::string_view text, std::chrono::milliseconds time) {
  return read_until_count(text, 1, time);
}

std::string RawClient::read_until_count(std::string_view text, int count, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  std::string received;
  while (!ended_ && (count == 0 || count_of(received, text) < count)) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wanted{socket_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) break;
    char piece[65536];
    const auto size = ::recv(socket_, piece, sizeof piece, 0);
    ended_ = size <= 0;
    if (size > 0) received.append(piece, static_cast<std::size_t>(size));
  }
  return received;
}

std::string RawClient::read_to_end(std::chrono::milliseconds time) { return read_until_count("", 0, time); }

int count_of(std::string_view text, std::string_view word) {
  int count = 0;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++count;
  return count;
}

}  // namespace doppel

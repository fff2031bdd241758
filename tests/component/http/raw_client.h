// A socket that says exactly what a test wants it to say.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace doppel {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;

  bool send(std::string_view bytes);  // false: the server has closed
  void end_sending();
  // What arrived until `text` was among it, the server closed, or the time was over.
  std::string read_until(std::string_view text, std::chrono::milliseconds time = std::chrono::seconds(10));
  // The same until `count` occurrences of `text`.
  std::string read_until_count(std::string_view text, int count, std::chrono::milliseconds time = std::chrono::seconds(10));
  std::string read_to_end(std::chrono::milliseconds time = std::chrono::seconds(10));
  bool is_closed_by_server() const { return ended_; }

 private:
  int socket_;
  bool ended_ = false;
};

int count_of(std::string_view text, std::string_view word);

}  // namespace doppel

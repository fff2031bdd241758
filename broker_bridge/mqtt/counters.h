// What a connection has done so far, for metrics.
#pragma once

#include <atomic>
#include <cstdint>

namespace doppel {

// Thread: any. All but `connected`, `version`, `session` and `in_flight` only grow.
struct MqttCounters {
  std::atomic<bool> connected{false};      // and the broker was asked for the subscriptions
  std::atomic<std::uint8_t> version{0};    // 5, 4 (3.1.1), or 0 before the first connection
  std::atomic<std::uint32_t> session{0};   // of the present or last connection
  std::atomic<std::uint64_t> connects{0};
  std::atomic<std::uint64_t> connect_failures{0};
  std::atomic<std::uint64_t> messages{0};       // journaled
  std::atomic<std::uint64_t> message_bytes{0};  // their payloads as sent
  std::atomic<std::uint64_t> truncated{0};      // payloads over the limit
  std::atomic<std::uint64_t> headers_left_out{0};
  std::atomic<std::uint64_t> own_dropped{0};    // our own publications that came back
  std::atomic<std::uint64_t> published{0};      // delivered to the broker
  std::atomic<std::uint64_t> publish_failures{0};
  std::atomic<std::uint64_t> in_flight{0};      // publications without an answer
};

}  // namespace doppel

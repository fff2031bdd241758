// Tells a message that the broker delivers again from a new one. Rule 14: DUP alone proves nothing; it counts when the same
// source, packet id and content were journaled before the present connection, each record answering for one repeat.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "twin_store/model/record.h"
#include "twin_store/model/result.h"
#include "twin_store/store/store.h"

namespace doppel {

// Thread: the lane's.
class Redelivery {
 public:
  static constexpr std::string_view kTable = "redelivery";
  // A broker may have this many QoS 1 messages unacknowledged: what the MQTT source announces as receive maximum.
  static constexpr std::size_t kReceiveMaximum = 1024;

  Result<void> load(const StoreReader& store);
  void take_changes(std::vector<RowChange>& changes);

  // Remembers the message; true when it repeats one. `content_hash` is of topic and payload.
  bool is_repeat(const Delivery& delivery, std::uint64_t content_hash);

  // Highest number of a connection of the source that is remembered; 0 without any.
  std::uint32_t last_session(std::uint16_t source) const;

 private:
  struct Taken {
    std::uint32_t session = 0;
    std::uint16_t packet_id = 0;
    bool matched = false;
    std::uint64_t content_hash = 0;
  };
  // Oldest first, each at most kReceiveMaximum. What comes in the present connection pushes nothing out of what came before it,
  // since the broker may repeat all of that, in any order.
  struct Source {
    std::uint32_t session = 0;
    std::vector<Taken> before;
    std::vector<Taken> present;  // a ring once it is full
    std::size_t oldest = 0;      // of the ring
    bool dirty = false;

    void begin_session(std::uint32_t number);
    void remember(const Taken& taken);
    std::vector<Taken> in_order() const;  // of the present
  };
  std::map<std::uint16_t, Source> sources_;
};

}  // namespace doppel

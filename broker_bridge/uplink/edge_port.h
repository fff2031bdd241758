// What an edge asks of its end of the uplink.
#pragma once

#include <string>

#include "broker_bridge/uplink/messages.h"
#include "twin_store/model/outbox.h"
#include "twin_store/model/result.h"

namespace doppel::uplink {

class EdgePort {
 public:
  virtual ~EdgePort() = default;
  // As UplinkEdge::put: a replacement row whose cause is on disk.
  virtual Result<void> put(const OutboxRow& row) = 0;
  virtual void set_status(Status status) = 0;
  // A new incarnation has begun at the journal's `mark`: rows of the earlier one are forgotten, and all are wanted anew.
  virtual void begin_incarnation(const Incarnation& incarnation, std::uint64_t mark) = 0;
  virtual void fetch_blob(const std::string& sha256) = 0;
  virtual void forget_blob(const std::string& sha256) = 0;
};

}  // namespace doppel::uplink

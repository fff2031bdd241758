// Brings modules from the coordinator, one after another, part by part; a cut goes on where it stopped.
// Thread: one at a time.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "broker_bridge/uplink/messages.h"
#include "twin_store/model/time.h"

namespace doppel::uplink {

class BlobFetch {
 public:
  // Asking again for one that is under way changes nothing.
  void want(const std::string& sha256);
  void forget(const std::string& sha256);
  // Asks anew for what was under way: the other end may have forgotten.
  void restart() { asked_.reset(); }

  // The request that is due now, if any; it is due again when no answer comes.
  std::optional<BlobGet> next_request(Duration now);

  struct Done {
    std::string sha256;
    Result<std::string> content;  // not_found, limit_exceeded, corrupt_data: named
  };
  // A part that is not the one asked for is ignored.
  std::optional<Done> receive(const Blob& part);

 private:
  Done finish(Result<std::string> content);

  std::deque<std::string> wanted_;  // the first is under way
  std::string content_;             // of it, so far
  std::optional<Duration> asked_;
};

}  // namespace doppel::uplink

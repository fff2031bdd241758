// Says which edge a key belongs to: the allow-list as ZeroMQ asks for it (ZAP, RFC 27).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker_bridge/uplink/security.h"
#include "twin_store/model/log.h"

namespace doppel::uplink {

// Thread: one at a time.
class KeyGuard {
 public:
  // Errors: invalid_input (a key that is none, or that is there twice).
  static Result<KeyGuard> make(const std::vector<AllowedKey>& allowed);

  // One request's parts; returns the reply's.
  std::vector<std::string> answer(const std::vector<std::string>& request, Log& log) const;

 private:
  std::map<std::string, EdgeId, std::less<>> edges_;  // by the key's 32 bytes
};

}  // namespace doppel::uplink

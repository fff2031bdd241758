// Who may ask: the bearer token, and what keeps web pages of others away from a server that needs none on loopback.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "edge_runtime/http/message.h"
#include "edge_runtime/http/router.h"
#include "twin_store/model/result.h"

namespace doppel {

inline constexpr std::size_t kMinToken = 16;  // characters

class AccessGuard {
 public:
  // An empty token: none is asked for.
  explicit AccessGuard(std::string_view token);

  // The refusal, if any: 400 unless there is one Host; 421 when, without a token, the Host is another than this machine's
  // loopback (a web page that rebound its name); 403 for another Origin than the Host; 401 without the token, unless the
  // route is open.
  std::optional<Response> refusal(const Headers& headers, Access access, std::string_view path) const;

 private:
  bool holds_token(const Headers& headers) const;

  std::string token_hash_;  // "" : no token
};

}  // namespace doppel

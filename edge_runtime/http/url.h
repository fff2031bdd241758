// Percent-encoding and the parts of a request target (RFC 3986). A path is split before it is decoded, so that an encoded
// slash stays inside its segment: a twin id with slashes is one segment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge_runtime/http/message.h"
#include "twin_store/model/result.h"

namespace doppel {

// Errors of all: invalid_input (a '%' without two hex digits, an encoded 0 byte).
Result<std::string> percent_decode(std::string_view text);
// Everything but unreserved characters is encoded, '/' too.
std::string percent_encode(std::string_view text);

struct Target {
  std::string path;                   // as sent
  std::vector<std::string> segments;  // decoded: "/a%2Fb/c" gives {"a/b", "c"}, "/" gives {""}
  std::vector<NameValue> query;       // decoded; '+' is a space, as browsers' forms write it
};
// Takes origin form ("/a?b=c") and absolute form ("http://host/a?b=c").
Result<Target> parse_target(std::string_view target);

}  // namespace doppel

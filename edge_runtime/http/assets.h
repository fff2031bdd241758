// Files built into the program, kept gzip'd: the web app and the API's description.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "edge_runtime/http/router.h"

namespace doppel {

// Views live as long as the program.
struct Asset {
  std::string_view path;          // "/index.html"; that one is also served at "/"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view gzip;          // the content, gzip'd
  bool immutable = false;         // the name holds a hash of the content: never asked for again
};

// Serves each with a weak ETag (a hash, the same whether packed or not), cache headers and Content-Encoding; unpacked for a
// client that does not take gzip. They need no token: the app holds no data.
void add_assets(Router& router, std::span<const Asset> assets);

}  // namespace doppel

#include "edge_runtime/http/assets.h"

#include <zlib.h>

#include "edge_runtime/http/media.h"
#include "twin_store/model/hash.h"

namespace doppel {
namespace {

constexpr std::size_t kMaxUnpacked = 16u << 20;
constexpr int kGzipWindow = 15 + 16;  // zlib: largest window, gzip framing

Result<std::string> unpack(std::string_view gzip) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return internal_error("zlib has no memory");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  std::string content;
  int state = Z_OK;
  while (state == Z_OK && content.size() < kMaxUnpacked) {
    char piece[16384];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    state = inflate(&stream, Z_NO_FLUSH);
    content.append(piece, sizeof piece - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) return internal_error("a built-in file does not unpack");
  return content;
}

// True when an If-None-Match header names this tag, or any.
bool names_tag(const std::optional<std::string>& if_none_match, std::string_view etag) {
  return if_none_match && (*if_none_match == "*" || if_none_match->find(etag) != std::string::npos);
}

Response headers_of(const Asset& asset, const std::string& etag) {
  Response response;
  response.content_type = asset.content_type;
  response.headers = {{"ETag", etag},
                      {"Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
                      {"Vary", "Accept-Encoding"}};
  return response;
}

Handler serve(const Asset& asset) {
  return [asset, etag = "W/\"" + sha256_hex(asset.gzip).substr(0, 32) + '"'](const Request& request, const Reply& reply) {
    Response response = headers_of(asset, etag);
    if (names_tag(request.headers.find("If-None-Match"), etag)) {
      response.status = Status::not_modified;
      return reply.send(std::move(response));
    }
    if (accepts_gzip(request.headers.find("Accept-Encoding"))) {
      response.headers.emplace_back("Content-Encoding", "gzip");
      response.static_body = asset.gzip;
      return reply.send(std::move(response));
    }
    auto content = unpack(asset.gzip);
    if (!content) return reply.fail(content.error());
    response.body = *std::move(content);
    reply.send(std::move(response));
  };
}

}  // namespace

void add_assets(Router& router, std::span<const Asset> assets) {
  for (const auto& asset : assets) {
    const RouteOptions options{.produces = media_type(asset.content_type), .access = Access::open};
    router.add(Method::get, std::string(asset.path), serve(asset), options);
    if (asset.path == "/index.html") router.add(Method::get, "/", serve(asset), options);
  }
}

}  // namespace doppel

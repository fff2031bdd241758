#include "edge_runtime/http/assets.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/unit/edge_runtime/http/fake_api.h"

namespace doppel {
namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

class Assets : public testing::Test {
 protected:
  Assets() {
    const std::vector<Asset> assets = {{"/index.html", "text/html; charset=utf-8", packed_},
                                       {"/app-1a2b.js", "text/javascript", packed_, true}};
    add_assets(router_, assets);
  }
  static std::string header(const Caught& caught, std::string_view name) {
    for (const auto& [key, value] : caught.response->headers) {
      if (key == name) return value;
    }
    return "";
  }

  const std::string text_ = std::string(100'000, 'a') + "<html>";
  const std::string packed_ = gzip(text_);
  Router router_;
};

TEST_F(Assets, A_client_that_takes_gzip_gets_the_bytes_as_they_are_kept) {
  const auto caught = call(router_, {Method::get, "/", {{"Accept-Encoding", "gzip, br"}}});
  EXPECT_EQ(caught.response->content(), packed_);
  EXPECT_EQ(header(caught, "Content-Encoding"), "gzip");
  EXPECT_EQ(header(caught, "Vary"), "Accept-Encoding");
  EXPECT_EQ(header(caught, "Cache-Control"), "no-cache");
}

TEST_F(Assets, Another_client_gets_them_unpacked) {
  const auto caught = call(router_, {Method::get, "/index.html"});
  EXPECT_EQ(caught.response->content(), text_);
  EXPECT_EQ(header(caught, "Content-Encoding"), "");
}

TEST_F(Assets, A_client_that_has_the_file_already_is_told_so) {
  const auto etag = header(call(router_, {Method::get, "/index.html"}), "ETag");
  const auto caught = call(router_, {Method::get, "/index.html", {{"If-None-Match", "\"x\", " + etag}}});
  EXPECT_EQ(caught.response->status, Status::not_modified);
  EXPECT_EQ(caught.response->content(), "");
  EXPECT_EQ(header(caught, "ETag"), etag);
}

TEST_F(Assets, A_file_named_by_its_content_is_cached_for_good) {
  EXPECT_EQ(header(call(router_, {Method::get, "/app-1a2b.js"}), "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(Assets, Files_need_no_token_and_unknown_ones_are_404) {
  for (const auto& route : router_.routes()) EXPECT_EQ(route.options.access, Access::open) << route.pattern;
  EXPECT_EQ(call(router_, {Method::get, "/../etc/passwd"}).response->status, Status::not_found);
}

TEST_F(Assets, Bytes_that_do_not_unpack_are_an_error_not_a_crash) {
  Router router;
  const std::vector<Asset> broken = {{"/index.html", "text/html", std::string_view(packed_).substr(0, 20)}};
  add_assets(router, broken);
  EXPECT_EQ(call(router, {Method::get, "/"}).response->status, Status::internal_server_error);
}

}  // namespace
}  // namespace doppel

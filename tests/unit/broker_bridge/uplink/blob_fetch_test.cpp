#include "broker_bridge/uplink/blob_fetch.h"

#include <gtest/gtest.h>

#include "twin_store/blobs/blob_store.h"
#include "twin_store/model/hash.h"

namespace doppel::uplink {
namespace {

constexpr Duration kStart{0};

TEST(BlobFetch, Parts_are_put_together_and_checked_against_the_hash) {
  const std::string content = "module bytes";
  const auto hash = sha256_hex(content);
  BlobFetch fetch;
  fetch.want(hash);
  EXPECT_EQ(fetch.next_request(kStart), (BlobGet{hash, 0}));
  EXPECT_FALSE(fetch.receive({hash, 0, content.size(), content.substr(0, 5), ""}));
  EXPECT_EQ(fetch.next_request(kStart), (BlobGet{hash, 5}));
  const auto done = fetch.receive({hash, 5, content.size(), content.substr(5), ""});
  ASSERT_TRUE(done);
  EXPECT_EQ(*done->content, content);
  EXPECT_FALSE(fetch.next_request(kStart));
}

TEST(BlobFetch, What_was_lost_is_asked_for_again_where_it_stopped) {
  const auto hash = sha256_hex("ab");
  BlobFetch fetch;
  fetch.want(hash);
  (void)fetch.next_request(kStart);
  EXPECT_FALSE(fetch.receive({hash, 0, 2, "a", ""}));
  EXPECT_EQ(fetch.next_request(kStart), (BlobGet{hash, 1}));
  EXPECT_FALSE(fetch.next_request(kStart + std::chrono::seconds(9)));
  EXPECT_EQ(fetch.next_request(kStart + std::chrono::seconds(10)), (BlobGet{hash, 1}));
  fetch.restart();
  EXPECT_EQ(fetch.next_request(kStart + std::chrono::seconds(10)), (BlobGet{hash, 1}));
  EXPECT_FALSE(fetch.receive({hash, 0, 2, "a", ""})) << "a repeated part is ignored";
  EXPECT_TRUE(fetch.receive({hash, 1, 2, "b", ""}));
}

TEST(BlobFetch, Another_content_a_missing_one_and_one_too_large_are_named) {
  const auto hash = sha256_hex("right");
  BlobFetch fetch;
  fetch.want(hash);
  auto done = fetch.receive({hash, 0, 5, "wrong", ""});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->content.error().code, ErrorCode::corrupt_data);
  fetch.want(hash);
  done = fetch.receive({hash, 0, 0, "", "no such module"});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->content.error().code, ErrorCode::not_found);
  fetch.want(hash);
  done = fetch.receive({hash, 0, kMaxBlobBytes + 1, "x", ""});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->content.error().code, ErrorCode::limit_exceeded);
  fetch.want(hash);
  done = fetch.receive({hash, 0, 100, "", ""});
  ASSERT_TRUE(done) << "an empty part that leads nowhere";
  EXPECT_EQ(done->content.error().code, ErrorCode::corrupt_data);
}

TEST(BlobFetch, Several_are_fetched_one_after_another_and_can_be_forgotten) {
  const auto first = sha256_hex("first"), second = sha256_hex("second");
  BlobFetch fetch;
  fetch.want(first);
  fetch.want(second);
  fetch.want(first);
  EXPECT_EQ(fetch.next_request(kStart)->sha256, first);
  fetch.forget(first);
  EXPECT_EQ(fetch.next_request(kStart)->sha256, second);
  EXPECT_TRUE(fetch.receive({second, 0, 6, "second", ""}));
  EXPECT_FALSE(fetch.next_request(kStart));
}

}  // namespace
}  // namespace doppel::uplink

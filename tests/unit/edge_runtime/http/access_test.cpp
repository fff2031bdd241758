#include "edge_runtime/http/access.h"

#include <gtest/gtest.h>

#include "twin_store/model/loopback.h"


namespace doppel {
namespace {

Headers headers(std::vector<NameValue> fields) {
  Headers made;
  for (auto& [name, value] : fields) made.add(name, value);
  return made;
}

std::optional<Status> refused(const AccessGuard& guard, std::vector<NameValue> fields, Access access = Access::token) {
  const auto refusal = guard.refusal(headers(std::move(fields)), access, "/");
  return refusal ? std::optional(refusal->status) : std::nullopt;
}

const std::string kToken = "correct horse battery";

TEST(Access, Loopback_is_known_in_all_its_spellings) {
  for (const auto* address : {"127.0.0.1", "127.8.9.10", "::1", "localhost", "LocalHost"})
    EXPECT_TRUE(is_loopback(address)) << address;
  for (const auto* address : {"0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "127.evil", ""})
    EXPECT_FALSE(is_loopback(address)) << address;
}

TEST(Access, Without_a_token_only_loopback_names_are_answered_so_that_rebound_names_get_nothing) {
  const AccessGuard guard("");
  EXPECT_EQ(refused(guard, {{"Host", "127.0.0.1:8080"}}), std::nullopt);
  EXPECT_EQ(refused(guard, {{"Host", "[::1]:8080"}}), std::nullopt);
  EXPECT_EQ(refused(guard, {{"Host", "localhost"}}), std::nullopt);
  EXPECT_EQ(refused(guard, {{"Host", "evil.example:8080"}}), Status::misdirected_request);
  EXPECT_EQ(refused(guard, {}), Status::bad_request);
  EXPECT_EQ(refused(guard, {{"Host", "localhost"}, {"Host", "localhost"}}), Status::bad_request);
}

TEST(Access, Pages_of_other_origins_are_refused) {
  const AccessGuard guard("");
  EXPECT_EQ(refused(guard, {{"Host", "localhost:80"}, {"Origin", "http://localhost:80"}}), std::nullopt);
  EXPECT_EQ(refused(guard, {{"Host", "localhost:80"}, {"Origin", "http://evil.example"}}), Status::forbidden);
  EXPECT_EQ(refused(guard, {{"Host", "localhost:80"}, {"Origin", "null"}}), Status::forbidden);
}

TEST(Access, With_a_token_only_its_bearer_is_answered) {
  const AccessGuard guard(kToken);
  const NameValue host{"Host", "edge.example"};
  EXPECT_EQ(refused(guard, {host}), Status::unauthorized);
  EXPECT_EQ(refused(guard, {host, {"Authorization", "Bearer " + kToken}}), std::nullopt);
  EXPECT_EQ(refused(guard, {host, {"authorization", "bearer " + kToken}}), std::nullopt);
  for (const auto& wrong :
       {"Bearer " + kToken + "x", std::string("Bearer "), "Basic " + kToken, kToken, "Bearer " + kToken.substr(1)}) {
    EXPECT_EQ(refused(guard, {host, {"Authorization", wrong}}), Status::unauthorized) << wrong;
  }
}

TEST(Access, Open_routes_need_no_token) {
  EXPECT_EQ(refused(AccessGuard(kToken), {{"Host", "edge.example"}}, Access::open), std::nullopt);
}

}  // namespace
}  // namespace doppel

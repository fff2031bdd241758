#include "edge_runtime/http/access.h"
#include "twin_store/model/loopback.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

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

class TokenFile : public testing::Test {
 protected:
  std::string write(const std::string& content, mode_t mode) {
    std::ofstream(path_) << content;
    ::chmod(path_.c_str(), mode);
    return path_;
  }
  ~TokenFile() override { std::filesystem::remove(path_); }
  std::string path_ = std::filesystem::temp_directory_path() / ("doppel_token_" + std::to_string(::getpid()));
};

TEST_F(TokenFile, The_first_line_is_the_token) {
  const auto token = read_token_file(write(kToken + "\r\nsecond line\n", 0600));
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(*token, kToken);
}

TEST_F(TokenFile, A_file_that_everybody_can_read_is_refused) {
  const auto token = read_token_file(write(kToken, 0644));
  ASSERT_FALSE(token);
  EXPECT_NE(token.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(TokenFile, A_short_token_and_an_absent_file_are_refused) {
  EXPECT_EQ(read_token_file(write("short", 0600)).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(read_token_file("/nonexistent/token").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace doppel

#include "broker_bridge/uplink/security.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "broker_bridge/uplink/key_guard.h"

namespace doppel::uplink {
namespace {

class KeyFiles : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& text, mode_t mode = 0600) {
    const auto path = (folder_ / "uplink.key").string();
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("doppel-keys-" + std::to_string(::getpid()));
};

TEST_F(KeyFiles, A_missing_file_is_made_and_readable_by_its_owner_alone) {
  const auto path = (folder_ / "uplink.key").string();
  const auto made = load_or_make_curve_keys(path);
  ASSERT_TRUE(made) << made.error().message;
  struct stat facts{};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0600u);
  const auto again = load_or_make_curve_keys(path);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->public_key, made->public_key);
}

TEST_F(KeyFiles, A_file_that_others_can_read_is_refused) {
  const auto keys = make_curve_keys();
  ASSERT_TRUE(keys);
  const auto path = write("public " + keys->public_key + "\nsecret " + keys->secret_key + "\n", 0644);
  EXPECT_EQ(load_curve_keys(path).error().message, "key file " + path + " can be read or written by others; its mode must be 0600");
}

TEST_F(KeyFiles, Keys_that_do_not_belong_together_or_are_none_are_refused) {
  const auto one = make_curve_keys(), two = make_curve_keys();
  ASSERT_TRUE(one && two);
  EXPECT_EQ(load_curve_keys(write("public " + one->public_key + "\nsecret " + two->secret_key + "\n")).error().code,
            ErrorCode::invalid_input);
  EXPECT_EQ(load_curve_keys(write("public short\nsecret short\n")).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(load_curve_keys(write("nothing")).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(load_curve_keys((folder_ / "absent").string()).error().code, ErrorCode::not_found);
}

TEST(PlainAddress, Only_loopback_may_go_without_keys) {
  for (const char* address : {"tcp://127.0.0.1:7090", "tcp://127.8.8.8:*", "tcp://localhost:1", "tcp://[::1]:7090", "ipc:///run/x"}) {
    EXPECT_TRUE(check_plain_address(address)) << address;
  }
  for (const char* address : {"tcp://*:7090", "tcp://0.0.0.0:7090", "tcp://10.0.0.1:7090", "tcp://127.0.0.1.example.org:1",
                              "tcp://localhost.example.org:1", "tcp://[::]:7090", "udp://127.0.0.1:1"}) {
    const auto checked = check_plain_address(address);
    ASSERT_FALSE(checked) << address;
    EXPECT_NE(checked.error().message.find(address), std::string::npos);
  }
}

TEST(KeyGuard, A_request_without_a_listed_key_is_refused) {
  const auto north = make_curve_keys();
  ASSERT_TRUE(north);
  const auto guard = KeyGuard::make({{EdgeId("north"), north->public_key}});
  ASSERT_TRUE(guard);
  NullLog log;
  EXPECT_EQ(guard->answer({"1.0", "7", "doppel", "127.0.0.1", "", "CURVE", std::string(32, 'x')}, log).at(2), "400");
  EXPECT_EQ(guard->answer({"1.0", "7", "doppel", "127.0.0.1", "", "NULL"}, log).at(2), "500");
  EXPECT_EQ(guard->answer({}, log).at(2), "500");
}

TEST(KeyGuard, The_same_key_for_two_edges_is_refused) {
  const auto keys = make_curve_keys();
  ASSERT_TRUE(keys);
  const auto guard = KeyGuard::make({{EdgeId("north"), keys->public_key}, {EdgeId("south"), keys->public_key}});
  ASSERT_FALSE(guard);
  EXPECT_EQ(guard.error().message, "edges north and south have the same key");
}

}  // namespace
}  // namespace doppel::uplink

#include "edge_runtime/programs/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace doppel {
namespace {

class SecretFile : public testing::Test {
 protected:
  std::string write(const std::string& content, mode_t mode) {
    std::ofstream(path_) << content;
    ::chmod(path_.c_str(), mode);
    return path_;
  }
  ~SecretFile() override { std::filesystem::remove(path_); }
  std::string path_ = std::filesystem::temp_directory_path() / ("doppel_secret_" + std::to_string(::getpid()));
};

TEST_F(SecretFile, The_first_line_is_the_secret) {
  const auto secret = read_secret(write("correct horse\r\nsecond line\n", 0600));
  ASSERT_TRUE(secret) << secret.error().message;
  EXPECT_EQ(*secret, "correct horse");
}

TEST_F(SecretFile, A_file_that_everybody_can_read_is_refused) {
  const auto secret = read_secret(write("correct horse", 0644));
  ASSERT_FALSE(secret);
  EXPECT_NE(secret.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(SecretFile, An_empty_and_an_absent_file_are_refused) {
  EXPECT_EQ(read_secret(write("\nnot the first line\n", 0600)).error().code, ErrorCode::invalid_input);
  EXPECT_EQ(read_secret("/nonexistent/secret").error().message, "/nonexistent/secret: cannot be read: No such file or directory");
}

}  // namespace
}  // namespace doppel

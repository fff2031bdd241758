#include "edge_runtime/programs/endpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace doppel {
namespace {

namespace fs = std::filesystem;

class EndpointTest : public testing::Test {
 protected:
  EndpointTest() {
    std::string name = (fs::temp_directory_path() / "doppel-endpoint-XXXXXX").string();
    root_ = mkdtemp(name.data());
    setenv("XDG_DATA_HOME", root_.c_str(), 1);
    unsetenv("DOPPEL_DATA");
    unsetenv("DOPPEL_SERVER");
  }
  ~EndpointTest() override { fs::remove_all(root_); }

  std::string node(const std::string& name, const std::string& role, int pid) {
    const fs::path data = root_ / "doppel" / name;
    fs::create_directories(data);
    EXPECT_TRUE(write_endpoint(data, {.role = role, .name = name, .http = "http://" + name, .token_file = {}, .pid = pid}));
    return data;
  }

  fs::path root_;
  const int here_ = getpid();
  static constexpr int kGone = 0x3FFFFFFF;  // above every process id
};

TEST_F(EndpointTest, a_node_is_found_by_its_folder_its_name_or_alone) {
  const std::string data = node("north", "edge", here_);
  EXPECT_EQ(find_node({.server = {}, .data = data, .name = {}}, Wanted::edge)->http, "http://north");
  EXPECT_EQ(find_node({.server = {}, .data = {}, .name = "north"}, Wanted::edge)->http, "http://north");
  EXPECT_EQ(find_node({}, Wanted::edge)->http, "http://north");
}

TEST_F(EndpointTest, an_address_stands_above_everything) {
  EXPECT_EQ(find_node({.server = "http://there", .data = "/nowhere", .name = {}}, Wanted::edge)->http, "http://there");
}

TEST_F(EndpointTest, the_role_decides_between_an_edge_and_a_coordinator) {
  node("north", "edge", here_);
  node("centre", "coordinator", here_);
  EXPECT_EQ(find_node({}, Wanted::coordinator)->name, "centre");
  EXPECT_EQ(find_node({}, Wanted::edge)->name, "north");
}

TEST_F(EndpointTest, what_both_roles_have_is_asked_of_the_edge_first) {
  node("centre", "coordinator", here_);
  EXPECT_EQ(find_node({}, Wanted::edge_or_else_coordinator)->name, "centre");
  node("north", "edge", here_);
  EXPECT_EQ(find_node({}, Wanted::edge_or_else_coordinator)->name, "north");
}

TEST_F(EndpointTest, several_nodes_are_a_conflict_that_names_them) {
  node("north", "edge", here_);
  node("south", "edge", here_);
  const auto found = find_node({}, Wanted::edge);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::conflict);
  EXPECT_NE(found.error().message.find("north"), std::string::npos);
  EXPECT_NE(found.error().message.find("south"), std::string::npos);
}

TEST_F(EndpointTest, a_node_whose_process_is_gone_is_not_found) {
  const std::string data = node("north", "edge", kGone);
  EXPECT_FALSE(find_node({}, Wanted::edge));
  const auto found = read_endpoint(data);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("does not run any more"), std::string::npos);
}

TEST_F(EndpointTest, nothing_is_left_when_a_node_goes) {
  const std::string data = node("north", "edge", here_);
  remove_endpoint(data);
  EXPECT_EQ(read_endpoint(data).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace doppel
